// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.ContainerState;

/** Finds what the daemon says about a Testcontainers container. */
final class Containers {

    private Containers() {}

    /** Returns what the daemon says about its networks and those containers, under the names that the test gives them. */
    static DockerFacts facts(Window window, ContainerState... containers) {
        return named(
                window,
                window.session().facts(Stream.of(containers).map(Containers::id).toList()));
    }

    /** Returns what the daemon says about its networks and all running containers, under the names of the test. */
    static DockerFacts allFacts(Window window) {
        return named(window, window.session().facts());
    }

    /** Returns the same facts, the containers under the names that the test gives them. */
    static DockerFacts named(Window window, DockerFacts facts) {
        return new DockerFacts(
                facts.networks(),
                facts.containers().stream()
                        .map(known -> named(known, window.names().get(known.id())))
                        .toList());
    }

    private static ContainerFacts named(ContainerFacts container, @Nullable String name) {
        return name == null
                ? container
                : new ContainerFacts(
                        container.id(),
                        name + " (" + container.name() + ")",
                        container.networkMode(),
                        container.pid(),
                        container.endpoints(),
                        container.ports());
    }

    static ContainerFacts require(DockerFacts facts, ContainerState container) {
        String id = id(container);
        ContainerFacts known = facts.container(id)
                .orElseThrow(() -> new CountercheckException(
                        "the daemon does not know container " + id + " any more",
                        "assert while the container is running"));
        if (known.pid() == 0) {
            throw new CountercheckException(
                    "container " + known.name() + " is not running any more, so Docker has taken back its rules",
                    "send and assert while it is running; its log may tell why it ended");
        }
        return known;
    }

    static String id(ContainerState container) {
        String id = container.getContainerId();
        if (id == null) {
            throw new CountercheckException(
                    "the container was not started, or was stopped again",
                    "start it, or put @Container on its field, before traffic is sent to it or asserted on");
        }
        return id;
    }
}
