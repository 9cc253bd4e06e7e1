// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class DockerPackageTests {

    private final JavaClasses classes = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(DockerFacts.class.getPackageName());

    @Test
    void onlyTheReaderKnowsTheClientLibrary() {
        assertThat(classes).hasSizeGreaterThanOrEqualTo(15);
        noClasses()
                .that()
                .doNotHaveSimpleName(DockerFactsReader.class.getSimpleName())
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("com.github.dockerjava..", "org.testcontainers..", "org.junit..")
                .check(classes);
    }
}
