// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.countercheck.netns.Command;
import io.github.countercheck.netns.CommandResult;
import io.github.countercheck.netns.DaemonProcess;
import io.github.countercheck.netns.LocalNetns;
import io.github.countercheck.netns.NetfilterCounterSource;
import io.github.countercheck.netns.Netns;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.snapshot.CounterSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.testcontainers.DockerClientFactory;

/**
 * Puts faults into the firewall of the daemon under test and takes them out again.
 *
 * <p>Only of a daemon that has a network namespace of its own: no test writes to the firewall of the machine it runs on.
 */
public final class Firewall implements AutoCloseable {

    /** A change that is undone when this is closed. */
    public interface Fault extends AutoCloseable {
        @Override
        void close();
    }

    private static final Duration LIMIT = Duration.ofSeconds(20);

    /** The variant that the daemon writes with, which need not be the one that this machine's own name leads to. */
    private static final String IPTABLES =
            "iptables-legacy".equals(System.getenv("COUNTERCHECK_BACKEND")) ? "iptables-legacy" : "iptables";

    private final long daemon;
    private final Netns netns;
    private final Family family;

    private Firewall(long daemon, Netns netns, Family family) {
        this.daemon = daemon;
        this.netns = netns;
        this.family = family;
    }

    /** Opens the daemon's firewall, or skips the test where that is this machine's own or out of reach. */
    public static Firewall open() {
        long daemon = isolatedDaemon();
        return new Firewall(daemon, new LocalNetns(daemon), Family.IPV4);
    }

    /** Returns the firewall for IPv6 of the same daemon; it is closed with this one. */
    public Firewall ipv6() {
        return new Firewall(daemon, netns, Family.IPV6);
    }

    /** Returns the id of the daemon's process, or skips the test where the daemon shares this JVM's namespace. */
    public static long isolatedDaemon() {
        assumeTrue("root".equals(System.getProperty("user.name")), "entering the daemon's namespace needs root");
        long pid = DaemonProcess.find(
                        DockerClientFactory.instance().getTransportConfig().getDockerHost())
                .orElse(0L);
        assumeTrue(pid > 0, "the daemon's process is not on this machine");
        assumeTrue(
                !namespace(Long.toString(pid)).equals(namespace("self")),
                "the daemon uses this machine's own network; run with ci/with-docker --isolated");
        return pid;
    }

    private static Path namespace(String process) {
        try {
            return Files.readSymbolicLink(Path.of("/proc", process, "ns", "net"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a command in the daemon's namespace and returns its output. */
    public String run(String... words) {
        return run(Command.of(words));
    }

    /** Tells whether no engine wrote any rule. */
    boolean isEmpty() {
        return !(run("iptables-nft-save") + run("iptables-legacy-save")).contains("DOCKER");
    }

    /** Runs a command with the daemon's own programs, and tells whether that went well. */
    boolean inDaemonsRoot(String... words) {
        List<String> all = new ArrayList<>(List.of("nsenter", "--mount=/proc/" + daemon + "/ns/mnt"));
        Collections.addAll(all, words);
        return netns.run(Command.of(all.toArray(String[]::new)), LIMIT).ok();
    }

    /** Returns what reads the rules; it is closed with this. */
    CounterSource counters() {
        return new NetfilterCounterSource(netns);
    }

    private String run(Command command) {
        CommandResult result = netns.run(command, LIMIT);
        assertThat(result.ok()).as(result::toString).isTrue();
        return result.output();
    }

    /** Gives a text to {@code nft}, which does all of it or nothing. */
    public void nft(String script) {
        run(Command.of("nft", "-f", "-").withInput(script));
    }

    /** Runs {@code iptables} on that table. */
    String iptables(String table, List<String> words) {
        String variant = family == Family.IPV6 ? IPTABLES.replace("iptables", "ip6tables") : IPTABLES;
        List<String> all = new ArrayList<>(List.of(variant, "-w", "-t", table));
        all.addAll(words);
        return run(all.toArray(String[]::new));
    }

    /** Inserts a rule as the first of its chain. */
    public Fault insert(String table, String chain, String rule) {
        return insert(table, chain, 1, words(rule));
    }

    private Fault insert(String table, String chain, int number, List<String> rule) {
        iptables(table, with(List.of("-I", chain, Integer.toString(number)), rule));
        return () -> iptables(table, with(List.of("-D", chain), rule));
    }

    /** Deletes the one rule of the chain that ends in these words. */
    public Fault delete(String table, String chain, String ending) {
        List<String> rules = iptables(table, List.of("-S", chain)).lines().toList();
        List<String> found =
                rules.stream().filter(rule -> rule.endsWith(ending)).toList();
        assertThat(found).as("rules that end in '%s' among %s", ending, rules).hasSize(1);
        List<String> rule = words(found.get(0).substring(("-A " + chain + " ").length()));
        int number = (int) rules.stream()
                .takeWhile(line -> !line.equals(found.get(0)))
                .filter(line -> line.startsWith("-A "))
                .count();
        iptables(table, with(List.of("-D", chain), rule));
        return () -> iptables(table, with(List.of("-I", chain, Integer.toString(number + 1)), rule));
    }

    /** Puts another rule in the place of the one that ends in these words. */
    public Fault replace(String table, String chain, String ending, String other) {
        return both(delete(table, chain, ending), insert(table, chain, other));
    }

    /** Deletes that rule and writes it again at once, as a restarted program would. */
    public Fault rewrite(String table, String chain, String ending) {
        delete(table, chain, ending).close();
        return () -> {};
    }

    /** Sets all counters of the table to zero. */
    public Fault zero(String table) {
        iptables(table, List.of("-Z"));
        return () -> {};
    }

    /** Sets the policy of filter/FORWARD. */
    public Fault forwardPolicy(String policy) {
        String before = iptables("filter", List.of("-S", "FORWARD"))
                .lines()
                .findFirst()
                .orElseThrow()
                .substring("-P FORWARD ".length());
        iptables("filter", List.of("-P", "FORWARD", policy));
        return () -> iptables("filter", List.of("-P", "FORWARD", before));
    }

    /** Switches off the forwarding of packets. */
    public Fault noForwarding() {
        return set("/proc/sys/net/" + (family == Family.IPV6 ? "ipv6/conf/all/forwarding" : "ipv4/ip_forward"), "0");
    }

    /** Sets a parameter of the daemon's network; one that the kernel does not have counts as 0. */
    Fault set(String file, String value) {
        String before =
                run("/bin/sh", "-c", "cat " + file + " 2>/dev/null || echo 0").strip();
        if (before.equals(value)) {
            return () -> {};
        }
        run("/bin/sh", "-c", "echo " + value + " >" + file);
        return () -> run("/bin/sh", "-c", "echo " + before + " >" + file);
    }

    /** Joins two faults; the later one is undone first. */
    public static Fault both(Fault first, Fault second) {
        return () -> {
            try (first) {
                second.close();
            }
        };
    }

    private static List<String> words(String rule) {
        return List.of(rule.split(" ", -1));
    }

    private static List<String> with(List<String> first, List<String> second) {
        List<String> all = new ArrayList<>(first);
        all.addAll(second);
        return all;
    }

    @Override
    public void close() {
        netns.close();
    }
}
