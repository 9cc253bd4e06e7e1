// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.github.countercheck.docker.DockerFactsReader;
import io.github.countercheck.jupiter.CountercheckExtension;
import io.github.countercheck.jupiter.DaemonLocks;
import io.github.countercheck.jupiter.DaemonMatrixProvider;
import org.apiguardian.api.API;
import org.jspecify.annotations.NullMarked;

@AnalyzeClasses(packages = "io.github.countercheck", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTests {

    private static final String BASE = "io.github.countercheck";

    /** An import that found nothing would satisfy every rule below. */
    @ArchTest
    static void theScanFoundTheProject(JavaClasses all) {
        assertThat(all.size()).isGreaterThan(80);
        assertThat(all.stream().map(JavaClass::getPackageName).distinct()).hasSizeGreaterThanOrEqualTo(11);
    }

    @ArchTest
    static final ArchRule arrowsPointOneWay = layeredArchitecture()
            .consideringOnlyDependenciesInAnyPackage(BASE + "..")
            .layer("ruleset")
            .definedBy(BASE + ".ruleset")
            .layer("await")
            .definedBy(BASE + ".await")
            .layer("snapshot")
            .definedBy(BASE + ".snapshot")
            .layer("netns")
            .definedBy(BASE + ".netns")
            .layer("docker")
            .definedBy(BASE + ".docker")
            .layer("traffic")
            .definedBy(BASE + ".traffic")
            .layer("host")
            .definedBy(BASE + ".host")
            .layer("walk")
            .definedBy(BASE + ".walk")
            .layer("diagnosis")
            .definedBy(BASE + ".diagnosis")
            .layer("report")
            .definedBy(BASE + ".report")
            .layer("watch")
            .definedBy(BASE + ".watch")
            .layer("session")
            .definedBy(BASE + ".session")
            .layer("daemon")
            .definedBy(BASE + ".daemon")
            .layer("api")
            .definedBy(BASE)
            .layer("assertj")
            .definedBy(BASE + ".assertj")
            .layer("jupiter")
            .definedBy(BASE + ".jupiter")
            .layer("explain")
            .definedBy(BASE + ".explain")
            .layer("validate")
            .definedBy(BASE + ".validate")
            .layer("contract")
            .definedBy(BASE + ".contract")
            .whereLayer("ruleset")
            .mayNotAccessAnyLayer()
            .whereLayer("await")
            .mayNotAccessAnyLayer()
            .whereLayer("snapshot")
            .mayOnlyAccessLayers("ruleset")
            .whereLayer("netns")
            .mayOnlyAccessLayers("ruleset", "snapshot")
            .whereLayer("docker")
            .mayOnlyAccessLayers("ruleset")
            .whereLayer("traffic")
            .mayOnlyAccessLayers("ruleset", "await", "netns")
            .whereLayer("host")
            .mayOnlyAccessLayers("ruleset")
            .whereLayer("walk")
            .mayOnlyAccessLayers("ruleset", "snapshot", "docker")
            .whereLayer("diagnosis")
            .mayOnlyAccessLayers("ruleset", "snapshot", "docker", "host", "walk", "traffic")
            .whereLayer("report")
            .mayOnlyAccessLayers("ruleset", "snapshot", "docker", "walk", "traffic", "diagnosis")
            .whereLayer("watch")
            .mayOnlyAccessLayers("ruleset", "snapshot", "docker", "walk", "report", "session")
            .whereLayer("session")
            .mayOnlyAccessLayers("ruleset", "await", "snapshot", "netns", "docker", "host", "traffic")
            .whereLayer("daemon")
            .mayOnlyAccessLayers("ruleset", "await", "netns", "docker", "traffic", "session")
            .whereLayer("assertj")
            .mayOnlyAccessLayers("ruleset", "docker", "traffic", "api")
            .whereLayer("assertj")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("jupiter")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("explain")
            .mayOnlyAccessLayers("ruleset", "snapshot", "docker", "walk")
            .whereLayer("explain")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("validate")
            .mayOnlyBeAccessedByLayers("contract", "jupiter")
            .whereLayer("contract")
            .mayOnlyAccessLayers("daemon", "validate")
            .whereLayer("contract")
            .mayNotBeAccessedByAnyLayer()
            // Everybody may say that something could not be measured.
            .ignoreDependency(DescribedPredicate.alwaysTrue(), JavaClass.Predicates.type(CountercheckException.class))
            // The annotations name their extensions, as Jupiter wants it; nothing else looks that way.
            .ignoreDependency(ContainerNetworkTest.class, CountercheckExtension.class)
            .ignoreDependency(ContainerNetworkTest.class, DaemonLocks.class)
            .ignoreDependency(DaemonMatrix.class, DaemonMatrixProvider.class);

    @ArchTest
    static final ArchRule theMiddleIsPure = noClasses()
            .that()
            .resideInAnyPackage(
                    BASE + ".ruleset",
                    BASE + ".snapshot",
                    BASE + ".docker",
                    BASE + ".host",
                    BASE + ".walk",
                    BASE + ".diagnosis")
            .and()
            .doNotHaveFullyQualifiedName(DockerFactsReader.class.getName())
            .and()
            // Jackson declares IOException, also where it reads from memory.
            .doNotHaveFullyQualifiedName(BASE + ".ruleset.JsonReader")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.junit..",
                    "org.testcontainers..",
                    "com.github.dockerjava..",
                    "org.slf4j..",
                    "java.io..",
                    "java.nio.file..")
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(ProcessBuilder.class)
            .allowEmptyShould(false);

    @ArchTest
    static final ArchRule onlyTheExtensionKnowsJupitersLifeCycle = noClasses()
            .that()
            .resideOutsideOfPackages(BASE + ".jupiter", BASE + ".contract")
            .and()
            .doNotHaveFullyQualifiedName(ContainerNetworkTest.class.getName())
            .and()
            .doNotHaveFullyQualifiedName(DaemonMatrix.class.getName())
            .should()
            .dependOnClassesThat(resideInAPackage("org.junit.."));

    @ArchTest
    static final ArchRule nobodyUsesWhatTestcontainersShades =
            noClasses().should().dependOnClassesThat(resideInAPackage("org.testcontainers.shaded.."));

    @ArchTest
    static final ArchRule onlyOnePackageNeedsAssertj = noClasses()
            .that()
            .resideOutsideOfPackage(BASE + ".assertj")
            .should()
            .dependOnClassesThat(resideInAPackage("org.assertj.."));

    @ArchTest
    static final ArchRule onlyOneClassKnowsAwaitility = noClasses()
            .that()
            .resideOutsideOfPackage(BASE + ".await")
            .should()
            .dependOnClassesThat(resideInAPackage("org.awaitility.."));

    @ArchTest
    static final ArchRule onlyRulesetsAndReportsKnowJackson = noClasses()
            .that()
            .resideOutsideOfPackages(
                    BASE + ".ruleset", BASE + ".explain", BASE + ".validate", BASE + ".diagnosis", BASE + ".report")
            .should()
            .dependOnClassesThat(resideInAPackage("com.fasterxml.jackson.."));

    @ArchTest
    static final ArchRule publicTypesSayHowStableTheyAre =
            classes().that().arePublic().and().areTopLevelClasses().should().beAnnotatedWith(API.class);

    @ArchTest
    static void packagesSayWhereNullMayBe(JavaClasses all) {
        assertThat(all.stream().map(JavaClass::getPackage).distinct())
                .allSatisfy(p -> assertThat(p.isAnnotatedWith(NullMarked.class))
                        .as(p.getName())
                        .isTrue());
    }

    @ArchTest
    static final ArchRule nothingIsPrinted = noClasses()
            .that()
            .doNotHaveFullyQualifiedName(BASE + ".explain.Explain")
            .and()
            .doNotHaveFullyQualifiedName(BASE + ".validate.ConfigCheck")
            .and()
            .doNotHaveFullyQualifiedName(BASE + ".watch.Watch")
            .and()
            .doNotHaveFullyQualifiedName(BASE + ".jupiter.Console")
            .should(ACCESS_STANDARD_STREAMS);

    @ArchTest
    static final ArchRule logsGoThroughSlf4j = NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;
}
