// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.samples.red;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.HierarchyTraversalMode;
import org.junit.platform.commons.support.ReflectionSupport;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;
import org.opentest4j.AssertionFailedError;

/**
 * Runs each sample test once more with a fault in the daemon's rules. It rewrites whole tables, so it runs only on a daemon
 * that was made to be thrown away.
 */
@EnabledIfEnvironmentVariable(
        named = "COUNTERCHECK_THROWAWAY_DAEMON",
        matches = "true",
        disabledReason = "faults are put only into a daemon that ci/with-docker made")
class SampleTestsTurnRedIT {

    private static final String SAMPLES = "io.github.countercheck.samples";
    private static final Path TABLE = Path.of("target", "seen-red.md");

    record Fault(String test, String name, String script, String... said) {
        @Override
        public String toString() {
            return test + ": " + name;
        }
    }

    static final List<Fault> FAULTS = List.of(
            new Fault(
                    "PublishedPortIT#randomPortIsTranslatedOncePerConnection",
                    "DNAT rules deleted",
                    "edit nat '/-A DOCKER .*-j DNAT/d'",
                    "DNAT not hit for container randomPort",
                    "NO_RULE",
                    "docker-proxy answered"),
            new Fault(
                    "PublishedPortIT#fixedPortIsTranslated",
                    "DROP in DOCKER-USER",
                    "iptables -I DOCKER-USER -o docker0 -j DROP",
                    "exactly 1 new flow",
                    "USER_RULE_DROPS",
                    "filter/DOCKER-USER  -A DOCKER-USER -o docker0 -j DROP  dropped"),
            new Fault(
                    "PublishedPortIT#laterPacketsOfAConnectionAreReturnTraffic",
                    "rule for RELATED,ESTABLISHED deleted",
                    "edit filter '/-o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT/d'",
                    "return traffic not accepted for container fixedPort",
                    "NO_RULE: no rule of the filter table accepts it for 172.17.0.0/16"),
            new Fault(
                    "PublishedPortIT#portOnOneAddressIsTranslatedThere",
                    "DNAT rule for a wrong port",
                    "edit nat 's/--dport 18081 /--dport 18082 /'",
                    "DNAT not hit for container oneAddress",
                    "+0",
                    "RULE_NOT_HIT"),
            new Fault(
                    "PublishedPortIT#portOnOneAddressIsNotTranslatedElsewhere",
                    "DNAT rule without its host address",
                    "edit nat 's/-d 172.17.0.1.32 \\(.*--dport 18081\\)/\\1/'",
                    "expected: <REFUSED> but was: <ANSWERED>"),
            new Fault(
                    "UdpIT#datagramsAreTranslatedOncePerExchange",
                    "shadowed by an earlier RETURN",
                    "iptables -t nat -I DOCKER -p udp -j RETURN",
                    "DNAT not hit for container echo",
                    "RULE_SHADOWED",
                    "nat/DOCKER  -A DOCKER -p udp -j RETURN  stands before it"),
            new Fault(
                    "OutboundIT#defaultBridgeIsMasqueraded",
                    "masquerade rules deleted",
                    "edit nat '/-j MASQUERADE/d'",
                    "flows not masqueraded for subnet 172.17.0.0/16",
                    "MASQUERADE_MISSING",
                    "the peer saw the container's own address"),
            new Fault(
                    "OutboundIT#userDefinedNetworkIsMasqueradedByARuleOfItsOwn",
                    "masquerade rule for a wrong subnet",
                    "edit nat 's/-s 172.*16 ! -o br-/-s 10.99.0.0\\/16 ! -o br-/'",
                    "flows not masqueraded for network"),
            new Fault(
                    "OutboundIT#answersComeBackAsReturnTraffic",
                    "DROP of the answers in DOCKER-USER",
                    "iptables -I DOCKER-USER -p udp -m udp --sport 9000 -j DROP",
                    "1 UDP exchange",
                    "timed out"),
            new Fault(
                    "OutboundIT#imageWithoutToolsIsMasqueraded",
                    "shadowed by an earlier ACCEPT",
                    "iptables -t nat -I POSTROUTING -s 172.17.0.0/16 -j ACCEPT",
                    "flows not masqueraded for container toolLess",
                    "RULE_SHADOWED"),
            new Fault(
                    "TwoContainersIT#threeConnectionsToOneAreNoneToTheOther",
                    "DNAT rules deleted",
                    "edit nat '/-A DOCKER .*-j DNAT/d'",
                    "DNAT not hit for container web1",
                    "NO_RULE"),
            new Fault(
                    "TwoContainersIT#eachCountsItsOwn",
                    "shadowed by an earlier RETURN",
                    "iptables -t nat -I DOCKER -p tcp -j RETURN",
                    "DNAT not hit for container web1",
                    "RULE_SHADOWED"),
            new Fault(
                    "ChainsIT#natChainsAcceptWhatNoRuleDecides",
                    "policy DROP",
                    "nft 'chain ip nat POSTROUTING { policy drop; }'",
                    "policy of nat/POSTROUTING is not ACCEPT"),
            new Fault(
                    "ChainsIT#eachNewFlowToTheHostIsShownToDocker",
                    "jump from PREROUTING deleted",
                    "iptables -t nat -D PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
                    "rule of nat/PREROUTING not hit",
                    "NO_RULE",
                    "nearest"),
            new Fault(
                    "ChainsIT#trafficChangesNoRule",
                    "rule added meanwhile",
                    "iptables -A DOCKER-USER -s 203.0.113.9/32 -j DROP",
                    "ruleset changed in 1 place",
                    "-A DOCKER-USER -s 203.0.113.9/32 -j DROP"),
            new Fault(
                    "UserlandProxyIT#loopbackIsAnsweredWithoutTranslation",
                    "loopback traffic translated",
                    "iptables -t nat -I OUTPUT -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
                    "3 TCP connections 127.0.0.1:*"),
            new Fault(
                    "UserlandProxyIT#hostsOwnAddressIsTranslated",
                    "jump from OUTPUT deleted",
                    "iptables -t nat -D OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
                    "DNAT not hit for container web",
                    "+0"),
            new Fault(
                    "UserlandProxyIT#lostDnatRuleIsNoticedAlthoughConnectingStillWorks",
                    "docker-proxy cut off by INPUT",
                    "iptables -I INPUT -p tcp --dport 32768:65535 -j DROP",
                    "1 TCP connection",
                    "timed out"));

    private static final Map<String, TestExecutionResult> OUTCOMES = new HashMap<>();

    /** All in one run, which shares one session with the daemon as a user's tests do. */
    @BeforeAll
    static void runEachSampleWithItsFault() throws IOException {
        Files.createDirectories(TABLE.getParent());
        Files.writeString(TABLE, "| test | fault | message |\n|---|---|---|\n");
        EngineTestKit.Builder samples = EngineTestKit.engine("junit-jupiter")
                .configurationParameter("junit.jupiter.extensions.autodetection.enabled", "true")
                .configurationParameter("countercheck.required", "true")
                .configurationParameter("countercheck.await", "300ms")
                .configurationParameter("countercheck.walk", "failure");
        FAULTS.forEach(fault -> samples.selectors(selectMethod(type(fault.test()), method(fault.test())))
                .configurationParameter(FaultExtension.faultOf(method(fault.test())), fault.script()));
        samples.execute().testEvents().finished().stream().forEach(SampleTestsTurnRedIT::keep);
    }

    private static void keep(Event finished) {
        MethodSource source =
                (MethodSource) finished.getTestDescriptor().getSource().orElseThrow();
        OUTCOMES.put(
                source.getJavaClass().getSimpleName() + "#" + source.getMethodName(),
                finished.getRequiredPayload(TestExecutionResult.class));
    }

    @ParameterizedTest
    @FieldSource("FAULTS")
    void withThisFault(Fault fault) throws IOException {
        TestExecutionResult outcome = OUTCOMES.get(fault.test());

        assertNotNull(outcome, "not run");
        Throwable failure = outcome.getThrowable().orElse(null);
        assertInstanceOf(AssertionFailedError.class, failure, () -> "not red: " + fault);
        String message = String.valueOf(failure.getMessage());
        for (String part : fault.said()) {
            assertTrue(message.contains(part), () -> "'" + part + "' is not in\n" + message);
        }
        Files.writeString(TABLE, row(fault, message), StandardOpenOption.APPEND);
    }

    /** A sample that nobody has seen fail proves nothing; a new one must come with its fault. */
    @Test
    void everySampleTestHasItsFault() {
        List<String> samples =
                ReflectionSupport.findAllClassesInPackage(
                                SAMPLES, c -> c.getPackageName().equals(SAMPLES), n -> true)
                        .stream()
                        .flatMap(c ->
                                AnnotationSupport.findAnnotatedMethods(c, Test.class, HierarchyTraversalMode.TOP_DOWN)
                                        .stream())
                        .map(m -> m.getDeclaringClass().getSimpleName() + "#" + m.getName())
                        .toList();

        assertEquals(
                new TreeSet<>(samples),
                FAULTS.stream().map(Fault::test).collect(Collectors.toCollection(TreeSet::new)));
    }

    private static Class<?> type(String test) {
        try {
            return Class.forName(SAMPLES + "." + test.substring(0, test.indexOf('#')));
        } catch (ClassNotFoundException e) {
            throw new IllegalArgumentException(test, e);
        }
    }

    private static Method method(String test) {
        String name = test.substring(test.indexOf('#') + 1);
        return Stream.of(type(test).getDeclaredMethods())
                .filter(m -> m.getName().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no such test: " + test));
    }

    private static String row(Fault fault, String message) {
        String said = message.lines()
                .filter(line -> !line.startsWith("  walk") && !line.startsWith("        "))
                .map(String::strip)
                .collect(Collectors.joining("<br>"));
        return "| " + fault.test() + " | " + fault.name() + " | " + said.replace("|", "\\|") + " |\n";
    }
}
