// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.samples;

import com.github.dockerjava.api.model.Capability;
import io.github.countercheck.session.Image;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.GenericContainer;

/**
 * Deletes one rule of the test's own container in the daemon's network, as another tool might, and puts it back.
 *
 * <p>Countercheck itself never changes a rule; these samples do, to show that it notices.
 */
final class DaemonFirewall implements AutoCloseable {

    private final GenericContainer<?> tools = new GenericContainer<>(Image.TOOLBOX.reference())
            .withNetworkMode("host")
            .withCommand("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done")
            .withCreateContainerCmdModifier(
                    create -> create.getHostConfig().withCapDrop(Capability.ALL).withCapAdd(Capability.NET_ADMIN));

    DaemonFirewall() {
        tools.start();
    }

    /** Deletes the rule that translates to that port of the container, until the deletion is closed. */
    Deletion deleteDnatRule(GenericContainer<?> container, int port) {
        String address = container
                .getContainerInfo()
                .getNetworkSettings()
                .getNetworks()
                .values()
                .iterator()
                .next()
                .getIpAddress();
        String chain = iptables("-t", "nat", "-S", "DOCKER");
        List<String> rules = chain.lines().toList();
        String suffix = "-j DNAT --to-destination " + address + ":" + port;
        String rule = rules.stream()
                .filter(line -> line.endsWith(suffix))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no rule ends in " + suffix + " in\n" + chain));
        // "-S" lists the chain itself first, so a rule's index is its number for "-I".
        return new Deletion(rule, rules.indexOf(rule));
    }

    private String iptables(String... arguments) {
        List<String> words = new ArrayList<>(List.of("iptables"));
        words.addAll(List.of(arguments));
        try {
            ExecResult result = tools.execInContainer(words.toArray(String[]::new));
            if (result.getExitCode() != 0) {
                throw new IllegalStateException(words + ": " + result.getStderr());
            }
            return result.getStdout();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        tools.stop();
    }

    /** A rule that is deleted until this is closed. */
    final class Deletion implements AutoCloseable {

        private final String[] words;
        private final int number;

        private Deletion(String rule, int number) {
            this.words = rule.substring("-A DOCKER ".length()).split(" ");
            this.number = number;
            iptables(command(List.of("-D", "DOCKER")));
        }

        boolean isInForce() {
            return !iptables("-t", "nat", "-S", "DOCKER").contains(String.join(" ", words));
        }

        private String[] command(List<String> verb) {
            List<String> all = new ArrayList<>(List.of("-t", "nat"));
            all.addAll(verb);
            all.addAll(List.of(words));
            return all.toArray(String[]::new);
        }

        @Override
        public void close() {
            iptables(command(List.of("-I", "DOCKER", Integer.toString(number))));
        }
    }
}
