// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static io.github.countercheck.docker.RuleShape.Part.CAME_IN_THE_CLEAR;
import static io.github.countercheck.docker.RuleShape.Part.CAME_THROUGH_IPSEC;
import static io.github.countercheck.docker.RuleShape.Part.DESTINATION;
import static io.github.countercheck.docker.RuleShape.Part.DESTINATION_IS_LOCAL;
import static io.github.countercheck.docker.RuleShape.Part.DPORT;
import static io.github.countercheck.docker.RuleShape.Part.IN;
import static io.github.countercheck.docker.RuleShape.Part.KNOWN_FLOW;
import static io.github.countercheck.docker.RuleShape.Part.MARK;
import static io.github.countercheck.docker.RuleShape.Part.NOT_DESTINATION;
import static io.github.countercheck.docker.RuleShape.Part.NOT_IN;
import static io.github.countercheck.docker.RuleShape.Part.NOT_OUT;
import static io.github.countercheck.docker.RuleShape.Part.NOT_SOURCE;
import static io.github.countercheck.docker.RuleShape.Part.OUT;
import static io.github.countercheck.docker.RuleShape.Part.PROTOCOL;
import static io.github.countercheck.docker.RuleShape.Part.SOURCE;
import static io.github.countercheck.docker.RuleShape.Part.SOURCE_IS_LOCAL;
import static io.github.countercheck.docker.RuleShape.Part.SPORT;
import static io.github.countercheck.docker.RuleShape.Part.TO_ANY_BRIDGE;
import static io.github.countercheck.docker.RuleShape.Part.VXLAN_NETWORK;
import static io.github.countercheck.docker.Verdicts.does;

import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Target;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds out what a rule of iptables that the engine wrote is for. How the hard cases are decided is said at
 * {@link RuleClassifier}.
 */
final class RoleFinder implements RuleWriter {

    private static final String PORTS = "DOCKER";
    private static final String USER = "DOCKER-USER";
    private static final String INGRESS = "DOCKER-INGRESS";
    private static final String FORWARD = "DOCKER-FORWARD";
    private static final String ISOLATION_2 = "DOCKER-ISOLATION-STAGE-2";

    private static final Set<String> RESERVED = Set.of(
            PORTS,
            USER,
            INGRESS,
            FORWARD,
            "DOCKER-CT",
            "DOCKER-BRIDGE",
            "DOCKER-INTERNAL",
            "DOCKER-ISOLATION-STAGE-1",
            ISOLATION_2);

    private static final Map<String, RuleRole> JUMPS = Map.of(
            USER,
            RuleRole.USER_JUMP,
            INGRESS,
            RuleRole.INGRESS_FORWARD_JUMP,
            FORWARD,
            RuleRole.FORWARD_JUMP,
            "DOCKER-CT",
            RuleRole.CT_JUMP,
            "DOCKER-BRIDGE",
            RuleRole.BRIDGE_JUMP,
            "DOCKER-INTERNAL",
            RuleRole.INTERNAL_JUMP,
            "DOCKER-ISOLATION-STAGE-1",
            RuleRole.ISOLATION_JUMP);

    private static final Pattern DEFAULT_BRIDGE_NAME = Pattern.compile("docker0|docker_gwbridge|br-[0-9a-f]{12}");

    /** The mark that the overlay driver gives to packets for IPsec. */
    private static final String ENCRYPT_MARK = "0xd0c4e3";

    private static final String TRUSTED_INTERFACES = "com.docker.network.bridge.trusted_host_interfaces";

    private final Ruleset ruleset;
    private final FactsIndex facts;
    private final ChainReach reach;
    private final Set<String> bridgesOfJumps = new HashSet<>();
    private final Set<String> bridgesOfForwardBlocks = new HashSet<>();
    private final Set<String> bridgesOfInternalDrops = new HashSet<>();
    private final Map<String, Set<Way>> waysTo = new HashMap<>();
    private final boolean hasForwardChain;
    private final boolean hasExternalBridgesSet;

    RoleFinder(Ruleset ruleset, FactsIndex facts, ChainReach reach) {
        this.ruleset = ruleset;
        this.facts = facts;
        this.reach = reach;
        hasForwardChain = ruleset.chain("filter", FORWARD).isPresent();
        hasExternalBridgesSet =
                rulesOf("filter", "FORWARD").anyMatch(r -> RuleShape.of(r).has(TO_ANY_BRIDGE));
        ruleset.table("filter").stream()
                .flatMap(t -> t.chains().stream())
                .flatMap(c -> c.rules().stream())
                .forEach(this::learnBridges);
    }

    private Stream<Rule> rulesOf(String table, String chain) {
        return ruleset.chain(table, chain).stream().flatMap(c -> c.rules().stream());
    }

    /** Only Docker jumps to its own chains for a device, so such a jump says that the device is a bridge of its own. */
    private void learnBridges(Rule rule) {
        boolean inForward = rule.chain().equals(Hook.FORWARD.name());
        if (rule.chain().equals(USER) || !(inForward || RESERVED.contains(rule.chain()))) {
            return;
        }
        RuleShape shape = RuleShape.of(rule);
        String device = shape.device();
        if (device == null) {
            return;
        }
        if (shape.is(OUT) && isJump(rule, PORTS)) {
            bridgesOfJumps.add(device);
            if (inForward) {
                bridgesOfForwardBlocks.add(device);
            }
        }
        if (shape.is(IN, NOT_OUT) && isJump(rule, ISOLATION_2)) {
            bridgesOfJumps.add(device);
        }
        if (!inForward && internalRole(rule, shape) != RuleRole.FOREIGN) {
            bridgesOfInternalDrops.add(device);
        }
    }

    @Override
    public RuleRole role(Rule rule, RuleShape shape) {
        return switch (rule.table()) {
            case "nat" -> natRole(rule, shape);
            case "filter" -> filterRole(rule, shape);
            case "raw" -> rule.chain().equals("PREROUTING") ? rawRole(rule, shape) : RuleRole.FOREIGN;
            case "mangle" -> mangleRole(rule, shape);
            default -> RuleRole.FOREIGN;
        };
    }

    private RuleRole natRole(Rule rule, RuleShape shape) {
        if (isEmbeddedDns(rule, shape)) {
            return RuleRole.EMBEDDED_DNS;
        }
        return switch (rule.chain()) {
            case "PREROUTING" ->
                shape.is(DESTINATION_IS_LOCAL)
                        ? natJump(rule, RuleRole.NAT_JUMP_PRE, RuleRole.INGRESS_JUMP_PRE)
                        : RuleRole.FOREIGN;
            case "OUTPUT" ->
                DockerShapes.isFromHostToHost(shape)
                        ? natJump(rule, RuleRole.NAT_JUMP_OUT, RuleRole.INGRESS_JUMP_OUT)
                        : RuleRole.FOREIGN;
            case "POSTROUTING" -> postroutingRole(rule, shape);
            default -> isOwnChain(rule, Hook.PREROUTING, Hook.OUTPUT) ? portsRole(rule, shape) : RuleRole.FOREIGN;
        };
    }

    private static RuleRole natJump(Rule rule, RuleRole toPorts, RuleRole toIngress) {
        if (isJump(rule, PORTS)) {
            return toPorts;
        }
        return isJump(rule, INGRESS) ? toIngress : RuleRole.FOREIGN;
    }

    private RuleRole postroutingRole(Rule rule, RuleShape shape) {
        boolean masquerade = does(rule, "MASQUERADE");
        boolean snat = does(rule, "SNAT", "--to-source");
        if (!masquerade && !snat) {
            return RuleRole.FOREIGN;
        }
        if (shape.is(SOURCE, NOT_OUT) && isBridge(shape.device())) {
            return masquerade ? RuleRole.MASQUERADE : RuleRole.SNAT;
        }
        if (shape.is(OUT, SOURCE_IS_LOCAL) && isBridge(shape.device())) {
            return RuleRole.HAIRPIN_HOST;
        }
        return DockerShapes.isHairpinSelf(rule, shape) ? RuleRole.HAIRPIN_SELF : RuleRole.FOREIGN;
    }

    private RuleRole portsRole(Rule rule, RuleShape shape) {
        boolean ingress = rule.chain().equals(INGRESS);
        if (DnatTarget.of(rule) != null) {
            if (ingress) {
                return shape.is(PROTOCOL, DPORT) ? RuleRole.INGRESS_DNAT : RuleRole.FOREIGN;
            }
            return DockerShapes.isPortDnat(rule, shape) && (!shape.has(NOT_IN) || isBridge(shape.name(NOT_IN)))
                    ? RuleRole.PORT_DNAT
                    : RuleRole.FOREIGN;
        }
        if (!does(rule, "RETURN")) {
            return RuleRole.FOREIGN;
        }
        if (shape.is()) {
            return RuleRole.CHAIN_RETURN;
        }
        if (shape.is(IN) && isBridge(shape.device())) {
            return RuleRole.SKIP_DNAT;
        }
        return DockerShapes.isWsl2Return(rule, shape) ? RuleRole.WSL2_LOOPBACK : RuleRole.FOREIGN;
    }

    private boolean isEmbeddedDns(Rule rule, RuleShape shape) {
        Target target = rule.target();
        if (target != null && DockerShapes.isToEmbeddedDns(shape)) {
            return ruleset.chain(rule.table(), target.name()).isPresent();
        }
        return DockerShapes.isEmbeddedDns(rule, shape);
    }

    private RuleRole filterRole(Rule rule, RuleShape shape) {
        if (rule.chain().equals("FORWARD")) {
            return forwardRole(rule, shape);
        }
        if (rule.chain().equals("INPUT")) {
            return inputRole(rule, shape);
        }
        if (rule.chain().equals(USER)) {
            return shape.is() && does(rule, "RETURN") ? RuleRole.CHAIN_RETURN : RuleRole.FOREIGN;
        }
        return isOwnChain(rule, Hook.FORWARD) ? ownFilterRole(rule, shape) : RuleRole.FOREIGN;
    }

    /** Only what some engine writes into the built-in chain itself. */
    private RuleRole forwardRole(Rule rule, RuleShape shape) {
        if (shape.is()) {
            return jumpRole(rule);
        }
        RuleRole role = bridgeRole(rule, shape);
        if (shape.has(TO_ANY_BRIDGE)) {
            return role;
        }
        String bridge = shape.device();
        if (bridge == null) {
            return RuleRole.FOREIGN;
        }
        return switch (role) {
            case RETURN_TRAFFIC, PORT_JUMP -> isForwardBlock(bridge) ? role : RuleRole.FOREIGN;
            case OUTBOUND_ACCEPT ->
                (shape.has(NOT_OUT) ? isForwardBlock(bridge) : hasExternalBridgesSet) ? role : RuleRole.FOREIGN;
            case ICC_ACCEPT, ICC_DROP ->
                isForwardBlock(bridge) || bridgesOfInternalDrops.contains(bridge) ? role : RuleRole.FOREIGN;
            default -> RuleRole.FOREIGN;
        };
    }

    private boolean isForwardBlock(String bridge) {
        return !hasForwardChain || bridgesOfForwardBlocks.contains(bridge);
    }

    private RuleRole ownFilterRole(Rule rule, RuleShape shape) {
        if (shape.is()) {
            return does(rule, "RETURN") ? RuleRole.CHAIN_RETURN : jumpRole(rule);
        }
        if (rule.chain().equals(INGRESS)) {
            return ingressRole(rule, shape);
        }
        RuleRole role = shape.is(MARK) && does(rule, "ACCEPT") ? RuleRole.FWMARK_ACCEPT : bridgeRole(rule, shape);
        return isOnTheWay(rule, role) ? role : RuleRole.FOREIGN;
    }

    /**
     * Tells whether packets get to the rule's chain as they do to rules of that role. What is asked of them on the way is
     * part of the meaning: a drop of all that goes to a bridge is isolation only for packets that left another one.
     */
    private boolean isOnTheWay(Rule rule, RuleRole role) {
        Set<Way> ways = waysTo.computeIfAbsent(
                rule.chain(),
                chain -> reach.jumpsTo(rule.table(), chain).stream()
                        .map(RuleShape::of)
                        .map(Way::of)
                        .collect(Collectors.toCollection(() -> EnumSet.noneOf(Way.class))));
        return ways.isEmpty()
                || ways.contains(
                        switch (role) {
                            case PORT_ACCEPT, LINK_ACCEPT, ROUTED_ICMP, UNPUBLISHED_DROP, UNPROTECTED_ACCEPT ->
                                Way.TO_BRIDGE;
                            case ISOLATION_DROP -> Way.LEFT_BRIDGE;
                            default -> Way.ANY_PACKET;
                        });
    }

    /** Which packets a jump within the filter table leads on. */
    private enum Way {
        ANY_PACKET,
        TO_BRIDGE,
        LEFT_BRIDGE,
        OTHER;

        static Way of(RuleShape jump) {
            if (jump.is()) {
                return ANY_PACKET;
            }
            if (jump.is(RuleShape.Part.OUT) || jump.is(RuleShape.Part.TO_ANY_BRIDGE)) {
                return TO_BRIDGE;
            }
            return jump.is(RuleShape.Part.IN, RuleShape.Part.NOT_OUT) ? LEFT_BRIDGE : OTHER;
        }
    }

    private static RuleRole jumpRole(Rule rule) {
        Target target = rule.target();
        return target != null && isJump(rule, target.name())
                ? JUMPS.getOrDefault(target.name(), RuleRole.FOREIGN)
                : RuleRole.FOREIGN;
    }

    private static RuleRole ingressRole(Rule rule, RuleShape shape) {
        if (!does(rule, "ACCEPT")) {
            return RuleRole.FOREIGN;
        }
        if (shape.is(PROTOCOL, DPORT)) {
            return RuleRole.INGRESS_ACCEPT;
        }
        return shape.is(PROTOCOL, SPORT, KNOWN_FLOW) ? RuleRole.INGRESS_RETURN_TRAFFIC : RuleRole.FOREIGN;
    }

    /** The role of a rule of the filter table that is about one bridge, or about all of them. */
    private RuleRole bridgeRole(Rule rule, RuleShape shape) {
        if (!shape.has(TO_ANY_BRIDGE) && !isBridge(shape.device())) {
            return RuleRole.FOREIGN;
        }
        if (does(rule, "ACCEPT")) {
            return acceptRole(shape);
        }
        if (does(rule, "DROP")) {
            return dropRole(rule, shape);
        }
        if (does(rule, "RETURN")) {
            return shape.is(OUT) ? RuleRole.ISOLATION_EXCEPTION : RuleRole.FOREIGN;
        }
        if (isJump(rule, PORTS) && (shape.is(OUT) || shape.is(TO_ANY_BRIDGE))) {
            return RuleRole.PORT_JUMP;
        }
        return shape.is(IN, NOT_OUT) && isJump(rule, ISOLATION_2) ? RuleRole.ISOLATION_FROM : RuleRole.FOREIGN;
    }

    private static RuleRole acceptRole(RuleShape shape) {
        if (shape.is(OUT, KNOWN_FLOW) || shape.is(TO_ANY_BRIDGE, KNOWN_FLOW)) {
            return RuleRole.RETURN_TRAFFIC;
        }
        if (shape.is(IN) || shape.is(IN, NOT_OUT)) {
            return RuleRole.OUTBOUND_ACCEPT;
        }
        if (shape.is(IN, OUT)) {
            return RuleRole.ICC_ACCEPT;
        }
        if (shape.is(DESTINATION, NOT_IN, OUT, PROTOCOL, DPORT)) {
            return RuleRole.PORT_ACCEPT;
        }
        if (DockerShapes.isLinkOnBridge(shape)) {
            return RuleRole.LINK_ACCEPT;
        }
        if (shape.is(NOT_IN, OUT)) {
            return RuleRole.UNPROTECTED_ACCEPT;
        }
        if (shape.is(IN, KNOWN_FLOW)) {
            return RuleRole.ISOLATION_EXCEPTION;
        }
        return shape.is(OUT, PROTOCOL) && DockerShapes.isIcmp(shape.name(PROTOCOL))
                ? RuleRole.ROUTED_ICMP
                : RuleRole.FOREIGN;
    }

    private RuleRole dropRole(Rule rule, RuleShape shape) {
        if (shape.is(IN, OUT)) {
            return RuleRole.ICC_DROP;
        }
        if (shape.is(NOT_IN, OUT)) {
            return RuleRole.UNPUBLISHED_DROP;
        }
        return shape.is(OUT) ? RuleRole.ISOLATION_DROP : internalRole(rule, shape);
    }

    private RuleRole internalRole(Rule rule, RuleShape shape) {
        NetworkFacts network = facts.networkOfBridge(shape.device());
        boolean notInternal = network != null && !network.internal();
        if (!does(rule, "DROP") || notInternal || !isOnTheWay(rule, RuleRole.INTERNAL_IN_DROP)) {
            return RuleRole.FOREIGN;
        }
        // The longer forms are IPv6's since Engine 24.
        if (shape.is(NOT_SOURCE, OUT) || shape.is(NOT_SOURCE, NOT_IN, OUT)) {
            return RuleRole.INTERNAL_IN_DROP;
        }
        return shape.is(NOT_DESTINATION, IN) || shape.is(NOT_DESTINATION, IN, NOT_OUT)
                ? RuleRole.INTERNAL_OUT_DROP
                : RuleRole.FOREIGN;
    }

    /** The overlay driver's rules for encrypted networks: Engine 20.10 lets only what came through IPsec pass the drop. */
    private static RuleRole inputRole(Rule rule, RuleShape shape) {
        if (does(rule, "ACCEPT")) {
            return shape.is(CAME_THROUGH_IPSEC, PROTOCOL, DPORT, VXLAN_NETWORK)
                    ? RuleRole.OVERLAY_IPSEC_ACCEPT
                    : RuleRole.FOREIGN;
        }
        boolean plain = shape.isWithOptional(EnumSet.of(CAME_IN_THE_CLEAR), PROTOCOL, DPORT, VXLAN_NETWORK);
        return does(rule, "DROP") && plain ? RuleRole.OVERLAY_PLAIN_DROP : RuleRole.FOREIGN;
    }

    private RuleRole rawRole(Rule rule, RuleShape shape) {
        InetAddress to = shape.address(DESTINATION);
        if (to == null) {
            return RuleRole.FOREIGN;
        }
        boolean direct = shape.is(DESTINATION, NOT_IN, PROTOCOL, DPORT) || shape.is(DESTINATION, NOT_IN);
        if (does(rule, "DROP") && direct && isBridge(shape.device())) {
            return RuleRole.DIRECT_ACCESS_DROP;
        }
        boolean trusted = shape.is(DESTINATION, IN) && isTrusted(shape.name(IN), to);
        return does(rule, "ACCEPT") && trusted ? RuleRole.TRUSTED_IF_ACCEPT : DockerShapes.loopbackRole(rule, shape);
    }

    private boolean isTrusted(@Nullable String device, InetAddress container) {
        NetworkFacts network = facts.networkOf(container);
        if (network != null) {
            String trusted = network.options().getOrDefault(TRUSTED_INTERFACES, "");
            return Arrays.asList(trusted.split(":", -1)).contains(device);
        }
        return rulesOf("raw", "PREROUTING")
                .filter(r -> does(r, "DROP"))
                .map(RuleShape::of)
                .anyMatch(s -> s.is(DESTINATION, NOT_IN) && container.equals(s.address(DESTINATION)));
    }

    private static RuleRole mangleRole(Rule rule, RuleShape shape) {
        if (rule.chain().equals("POSTROUTING")) {
            boolean sctp = shape.is(PROTOCOL, SPORT) && "sctp".equals(shape.name(PROTOCOL));
            return sctp && does(rule, "CHECKSUM", "--checksum-fill") ? RuleRole.SCTP_CHECKSUM : RuleRole.FOREIGN;
        }
        boolean vxlan = rule.chain().equals("OUTPUT") && shape.is(PROTOCOL, DPORT, VXLAN_NETWORK);
        return vxlan && hasEncryptMark(rule) ? RuleRole.OVERLAY_ENCRYPT_MARK : RuleRole.FOREIGN;
    }

    private static boolean hasEncryptMark(Rule rule) {
        Target target = rule.target();
        return target != null
                && target.name().equals("MARK")
                && target.options().stream()
                        .anyMatch(
                                o -> o.value().equals(ENCRYPT_MARK) || o.value().startsWith(ENCRYPT_MARK + "/"));
    }

    private static boolean isJump(Rule rule, String chain) {
        return does(rule, chain);
    }

    /** A reserved name is Docker's chain where the hooks fit; a chain that nothing leads to keeps its name's word. */
    private boolean isOwnChain(Rule rule, Hook... hooks) {
        Set<Hook> reachable = reach.hooks(rule.table(), rule.chain());
        return RESERVED.contains(rule.chain())
                && (reachable.isEmpty() || Arrays.stream(hooks).anyMatch(reachable::contains));
    }

    private boolean isBridge(@Nullable String device) {
        return device != null
                && (facts.networkOfBridge(device) != null
                        || DEFAULT_BRIDGE_NAME.matcher(device).matches()
                        || bridgesOfJumps.contains(device)
                        || bridgesOfInternalDrops.contains(device));
    }
}
