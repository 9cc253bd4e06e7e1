// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static io.github.countercheck.docker.RuleShape.Part.DESTINATION;
import static io.github.countercheck.docker.RuleShape.Part.DESTINATION_IS_LOCAL;
import static io.github.countercheck.docker.RuleShape.Part.DISPATCHES_IN;
import static io.github.countercheck.docker.RuleShape.Part.DISPATCHES_OUT;
import static io.github.countercheck.docker.RuleShape.Part.DPORT;
import static io.github.countercheck.docker.RuleShape.Part.IN;
import static io.github.countercheck.docker.RuleShape.Part.KNOWN_FLOW;
import static io.github.countercheck.docker.RuleShape.Part.MARK;
import static io.github.countercheck.docker.RuleShape.Part.MARKS_PACKET;
import static io.github.countercheck.docker.RuleShape.Part.NOT_IN;
import static io.github.countercheck.docker.RuleShape.Part.NOT_IN_SET;
import static io.github.countercheck.docker.RuleShape.Part.NOT_OUT;
import static io.github.countercheck.docker.RuleShape.Part.PROTOCOL;
import static io.github.countercheck.docker.RuleShape.Part.SOURCE;
import static io.github.countercheck.docker.RuleShape.Part.SOURCE_IS_LOCAL;
import static io.github.countercheck.docker.Verdicts.does;
import static io.github.countercheck.docker.Verdicts.translatesSource;

import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Target;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the rules are for that Docker writes with nftables. They stand in tables whose names are Docker's, and say the same
 * as its rules of iptables, but leave out what the way to their chain has asked already. Comments are not needed.
 */
final class DockerNftRoles implements RuleWriter {

    private static final String DNS_TABLE = "docker-dns";
    private static final String OVERLAY_TABLE = "docker-overlay";

    private final Ruleset ruleset;
    private final FactsIndex facts;
    private final ChainReach reach;
    private final BridgeChains chains;

    DockerNftRoles(Ruleset ruleset, FactsIndex facts, ChainReach reach, BridgeChains chains) {
        this.ruleset = ruleset;
        this.facts = facts;
        this.reach = reach;
        this.chains = chains;
    }

    @Override
    public RuleRole role(Rule rule, RuleShape shape) {
        return switch (rule.table()) {
            case BridgeChains.TABLE -> bridgeRole(rule, shape);
            case DNS_TABLE -> isDns(rule, shape) ? RuleRole.EMBEDDED_DNS : RuleRole.FOREIGN;
            case OVERLAY_TABLE -> overlayRole(rule, shape);
            default -> RuleRole.FOREIGN;
        };
    }

    private RuleRole bridgeRole(Rule rule, RuleShape shape) {
        BridgeChains.Meaning chain = chains.of(rule);
        return switch (chain.kind()) {
            case ARRIVING_UNTRACKED -> rawRole(rule, shape);
            case ARRIVING_FLOWS ->
                shape.is(DESTINATION_IS_LOCAL) && isJump(rule) ? RuleRole.NAT_JUMP_PRE : RuleRole.FOREIGN;
            case HOSTS_OWN_FLOWS ->
                DockerShapes.isFromHostToHost(shape) && isJump(rule) ? RuleRole.NAT_JUMP_OUT : RuleRole.FOREIGN;
            case FORWARDED, LEAVING_FLOWS ->
                rule.target() == null && (shape.is(DISPATCHES_IN) || shape.is(DISPATCHES_OUT))
                        ? RuleRole.BRIDGE_DISPATCH
                        : RuleRole.FOREIGN;
            case PORT_FLOWS -> portRole(rule, shape);
            case TO_BRIDGE -> inwardRole(rule, shape, chain.device());
            case FROM_BRIDGE -> outwardRole(rule, shape, chain.device());
            case FLOWS_TO_BRIDGE -> hairpinRole(rule, shape);
            case FLOWS_FROM_BRIDGE -> {
                boolean leaves = shape.is(SOURCE, NOT_OUT) && isDevice(shape, chain.device());
                RuleRole role = does(rule, "MASQUERADE") ? RuleRole.MASQUERADE : RuleRole.SNAT;
                yield leaves && translatesSource(rule) ? role : RuleRole.FOREIGN;
            }
            case OTHER -> RuleRole.FOREIGN;
        };
    }

    private boolean isJump(Rule rule) {
        Target target = rule.target();
        return target != null
                && does(rule, target.name())
                && ruleset.chain(rule.table(), target.name()).isPresent();
    }

    private RuleRole rawRole(Rule rule, RuleShape shape) {
        boolean toContainer = shape.address(DESTINATION) != null && does(rule, "DROP");
        boolean fromElsewhere = shape.is(DESTINATION, NOT_IN) && isBridge(shape.name(NOT_IN));
        // The bridge and the interfaces that are trusted.
        boolean exceptTrusted =
                shape.is(DESTINATION, NOT_IN_SET) && shape.devices().stream().anyMatch(this::isBridge);
        return toContainer && (fromElsewhere || exceptTrusted)
                ? RuleRole.DIRECT_ACCESS_DROP
                : DockerShapes.loopbackRole(rule, shape);
    }

    private RuleRole portRole(Rule rule, RuleShape shape) {
        if (DockerShapes.isPortDnat(rule, shape)) {
            return !shape.has(NOT_IN) || isBridge(shape.name(NOT_IN)) ? RuleRole.PORT_DNAT : RuleRole.FOREIGN;
        }
        return DockerShapes.isWsl2Return(rule, shape) ? RuleRole.WSL2_LOOPBACK : RuleRole.FOREIGN;
    }

    private RuleRole inwardRole(Rule rule, RuleShape shape, @Nullable String device) {
        boolean accept = does(rule, "ACCEPT");
        if (!accept && !does(rule, "DROP")) {
            return RuleRole.FOREIGN;
        }
        if (shape.is()) {
            if (isInternal(rule)) {
                return accept ? RuleRole.ICC_ACCEPT : RuleRole.ICC_DROP;
            }
            return accept ? RuleRole.UNPROTECTED_ACCEPT : RuleRole.UNPUBLISHED_DROP;
        }
        if (shape.is(IN) && isDevice(shape, device)) {
            return accept ? RuleRole.ICC_ACCEPT : RuleRole.ICC_DROP;
        }
        if (!accept) {
            return isFromElsewhere(rule, shape, device) ? RuleRole.INTERNAL_IN_DROP : RuleRole.FOREIGN;
        }
        if (shape.is(KNOWN_FLOW)) {
            return RuleRole.RETURN_TRAFFIC;
        }
        if (shape.is(DESTINATION, PROTOCOL, DPORT)) {
            return RuleRole.PORT_ACCEPT;
        }
        if (shape.is(MARK)) {
            return RuleRole.FWMARK_ACCEPT;
        }
        if (shape.is(PROTOCOL) && DockerShapes.isIcmp(shape.name(PROTOCOL))) {
            return RuleRole.ROUTED_ICMP;
        }
        return DockerShapes.isLink(shape) ? RuleRole.LINK_ACCEPT : RuleRole.FOREIGN;
    }

    /** What is left on an internal network, once what comes from elsewhere was dropped, is its own traffic. */
    private boolean isInternal(Rule rule) {
        String device = chains.device(rule);
        return ruleset.chain(rule.table(), rule.chain()).stream()
                .flatMap(c -> c.rules().stream())
                .anyMatch(r -> isFromElsewhere(r, RuleShape.of(r), device));
    }

    private static boolean isFromElsewhere(Rule rule, RuleShape shape, @Nullable String device) {
        return does(rule, "DROP") && shape.is(NOT_IN) && isDevice(shape, device);
    }

    private static boolean isDevice(RuleShape shape, @Nullable String device) {
        return device != null && device.equals(shape.device());
    }

    private static RuleRole outwardRole(Rule rule, RuleShape shape, @Nullable String device) {
        if (does(rule, "ACCEPT")) {
            if (shape.is(KNOWN_FLOW)) {
                return RuleRole.OUTBOUND_ESTABLISHED;
            }
            return shape.is() ? RuleRole.OUTBOUND_ACCEPT : RuleRole.FOREIGN;
        }
        return does(rule, "DROP") && shape.is(NOT_OUT) && isDevice(shape, device)
                ? RuleRole.INTERNAL_OUT_DROP
                : RuleRole.FOREIGN;
    }

    private static RuleRole hairpinRole(Rule rule, RuleShape shape) {
        if (DockerShapes.isHairpinSelf(rule, shape)) {
            return RuleRole.HAIRPIN_SELF;
        }
        return shape.is(SOURCE_IS_LOCAL) && translatesSource(rule) ? RuleRole.HAIRPIN_HOST : RuleRole.FOREIGN;
    }

    private boolean isDns(Rule rule, RuleShape shape) {
        return (DockerShapes.isToEmbeddedDns(shape) && isJump(rule)) || DockerShapes.isEmbeddedDns(rule, shape);
    }

    /** The networks are looked up inside the packets, in words that differ between versions of nft; the effect tells. */
    private RuleRole overlayRole(Rule rule, RuleShape shape) {
        Set<Hook> hooks = reach.hooks(rule.table(), rule.chain());
        if (hooks.contains(Hook.OUTPUT)) {
            return shape.has(MARKS_PACKET) ? RuleRole.OVERLAY_ENCRYPT_MARK : RuleRole.FOREIGN;
        }
        return hooks.contains(Hook.INPUT) && does(rule, "DROP") ? RuleRole.OVERLAY_PLAIN_DROP : RuleRole.FOREIGN;
    }

    private boolean isBridge(@Nullable String device) {
        return device != null && (chains.isBridge(device) || facts.networkOfBridge(device) != null);
    }
}
