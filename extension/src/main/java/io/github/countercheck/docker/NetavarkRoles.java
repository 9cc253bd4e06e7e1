// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static io.github.countercheck.docker.RuleShape.Part.COMMENT;
import static io.github.countercheck.docker.RuleShape.Part.DESTINATION;
import static io.github.countercheck.docker.RuleShape.Part.DESTINATION_IS_LOCAL;
import static io.github.countercheck.docker.RuleShape.Part.DPORT;
import static io.github.countercheck.docker.RuleShape.Part.DPORT_RANGE;
import static io.github.countercheck.docker.RuleShape.Part.FLOW_MARK;
import static io.github.countercheck.docker.RuleShape.Part.IN;
import static io.github.countercheck.docker.RuleShape.Part.INVALID;
import static io.github.countercheck.docker.RuleShape.Part.KNOWN_FLOW;
import static io.github.countercheck.docker.RuleShape.Part.MARK;
import static io.github.countercheck.docker.RuleShape.Part.MARKS_FLOW;
import static io.github.countercheck.docker.RuleShape.Part.MARKS_PACKET;
import static io.github.countercheck.docker.RuleShape.Part.NOT_DESTINATION;
import static io.github.countercheck.docker.RuleShape.Part.NOT_OUT;
import static io.github.countercheck.docker.RuleShape.Part.OUT;
import static io.github.countercheck.docker.RuleShape.Part.PROTOCOL;
import static io.github.countercheck.docker.RuleShape.Part.SOURCE;
import static io.github.countercheck.docker.RuleShape.Part.TCP_OR_UDP;
import static io.github.countercheck.docker.Verdicts.does;
import static io.github.countercheck.docker.Verdicts.translatesSource;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Target;
import java.net.InetAddress;
import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What the rules of Podman's netavark are for. Its driver for iptables keeps them in chains with names of its own, to which
 * the built-in chains jump; its driver for nftables keeps all in one table of its own. Both say the same things.
 */
final class NetavarkRoles implements RuleWriter {

    private static final String TABLE = "netavark";
    private static final String CHAINS = "NETAVARK";
    private static final Pattern ISOLATION = Pattern.compile(CHAINS + "[-_]ISOLATION[-_]\\d");
    private static final Set<Hook> BEFORE_ROUTING = EnumSet.of(Hook.PREROUTING, Hook.OUTPUT);

    /** Of IPv6 the driver for nftables means ff00::/8 and says ff::00/8, which the kernel keeps as ::/8. */
    private static final Set<Cidr> MULTICAST =
            Set.of(Cidr.parse("224.0.0.0/4"), Cidr.parse("ff00::/8"), Cidr.parse("::/8"));

    private static final String HAIRPIN_MARK = "0x2000/0x2000";
    private static final String PORT_MARK = "0x1000/0x1000";

    private final Ruleset ruleset;
    private final ChainReach reach;

    NetavarkRoles(Ruleset ruleset, ChainReach reach) {
        this.ruleset = ruleset;
        this.reach = reach;
    }

    /** Tells whether the rule stands in netavark's table, in one of its chains, or leads to one. */
    static boolean owns(Rule rule) {
        return rule.table().equals(TABLE)
                || rule.chain().startsWith(CHAINS)
                || (rule.target() != null && rule.target().name().startsWith(CHAINS));
    }

    @Override
    public RuleRole role(Rule rule, RuleShape shape) {
        if (!owns(rule)) {
            return RuleRole.FOREIGN;
        }
        return switch (rule.table()) {
            case "nat" -> isHome(rule) ? natRole(rule, shape) : entryRole(rule, shape);
            case "filter" -> isHome(rule) ? filterRole(rule, shape) : entryRole(rule, shape);
            case TABLE -> ruleset.family() == Family.INET ? nftRole(rule, shape) : RuleRole.FOREIGN;
            default -> RuleRole.FOREIGN;
        };
    }

    private boolean isHome(Rule rule) {
        return rule.chain().startsWith(CHAINS);
    }

    private RuleRole nftRole(Rule rule, RuleShape shape) {
        if (rule.nft() == null || rule.nft().comment() != null) {
            // Its driver for nftables writes no comments.
            return RuleRole.FOREIGN;
        }
        RuleRole entry = entryRole(rule, shape);
        if (entry != RuleRole.FOREIGN) {
            return entry;
        }
        RuleRole nat = natRole(rule, shape);
        return nat == RuleRole.FOREIGN ? filterRole(rule, shape) : nat;
    }

    /** The jumps from where the kernel enters. */
    private RuleRole entryRole(Rule rule, RuleShape shape) {
        if (!isJump(rule)
                || ruleset.chain(rule.table(), rule.chain())
                        .map(c -> c.base() == null)
                        .orElse(true)) {
            return RuleRole.FOREIGN;
        }
        Set<Hook> hooks = reach.hooks(rule.table(), rule.chain());
        boolean unconditional = shape.isWithOptional(EnumSet.of(COMMENT));
        if (hooks.contains(Hook.PREROUTING)) {
            return shape.is(DESTINATION_IS_LOCAL) ? RuleRole.NAT_JUMP_PRE : RuleRole.FOREIGN;
        }
        if (hooks.contains(Hook.OUTPUT)) {
            return shape.is(DESTINATION_IS_LOCAL) ? RuleRole.NAT_JUMP_OUT : RuleRole.FOREIGN;
        }
        if (hooks.contains(Hook.POSTROUTING)) {
            if (isNet(shape, SOURCE) && shape.is(SOURCE)) {
                return RuleRole.MASQUERADE_JUMP;
            }
            return unconditional ? RuleRole.HAIRPIN_MASQ_JUMP : RuleRole.FOREIGN;
        }
        if (!unconditional) {
            return RuleRole.FOREIGN;
        }
        if (hooks.contains(Hook.INPUT)) {
            return RuleRole.INPUT_JUMP;
        }
        return leadsToIsolation(rule) ? RuleRole.ISOLATION_JUMP : RuleRole.FORWARD_JUMP;
    }

    private RuleRole natRole(Rule rule, RuleShape shape) {
        if (isUnder(rule, BEFORE_ROUTING)) {
            RuleRole role = portRole(rule, shape);
            if (role != RuleRole.FOREIGN) {
                return role;
            }
        }
        return isUnder(rule, EnumSet.of(Hook.POSTROUTING)) ? sourceRole(rule, shape) : RuleRole.FOREIGN;
    }

    private RuleRole portRole(Rule rule, RuleShape shape) {
        if (marksHairpin(rule, shape)) {
            return RuleRole.HAIRPIN_SET_MARK;
        }
        DnatTarget to = DnatTarget.of(rule);
        if (to != null) {
            if (isDns(shape, to.address())) {
                return RuleRole.DNS_DNAT;
            }
            return isPort(shape, EnumSet.of(DESTINATION, MARKS_FLOW)) ? RuleRole.PORT_DNAT : RuleRole.FOREIGN;
        }
        if (!isJump(rule)) {
            return RuleRole.FOREIGN;
        }
        if (shape.has(SOURCE)) {
            return isPort(shape, EnumSet.of(SOURCE, DESTINATION)) ? RuleRole.HAIRPIN_MARK : RuleRole.FOREIGN;
        }
        return isPort(shape, EnumSet.of(DESTINATION, COMMENT)) ? RuleRole.PORT_JUMP : RuleRole.FOREIGN;
    }

    private static boolean marksHairpin(Rule rule, RuleShape shape) {
        if (shape.is(MARKS_PACKET)) {
            return rule.target() == null;
        }
        return shape.is()
                && does(rule, "MARK", "--set-xmark")
                && rule.target() != null
                && rule.target().options().get(0).value().equals(HAIRPIN_MARK);
    }

    private static boolean isPort(RuleShape shape, Set<RuleShape.Part> optional) {
        return shape.isWithOptional(optional, PROTOCOL, DPORT) || shape.isWithOptional(optional, PROTOCOL, DPORT_RANGE);
    }

    /** Lookups that a container sends to its gateway go on to the same address and the port where the resolver listens. */
    private static boolean isDns(RuleShape shape, InetAddress to) {
        boolean lookup = shape.is(DESTINATION, PROTOCOL, DPORT) || shape.is(DESTINATION, TCP_OR_UDP, DPORT);
        return lookup && "53".equals(shape.name(DPORT)) && to.equals(shape.address(DESTINATION));
    }

    private static RuleRole sourceRole(Rule rule, RuleShape shape) {
        if (shape.isWithOptional(EnumSet.of(COMMENT), MARK)) {
            return does(rule, "MASQUERADE") && HAIRPIN_MARK.equals(shape.name(MARK))
                    ? RuleRole.HAIRPIN_MASQ
                    : RuleRole.FOREIGN;
        }
        if (shape.is(DESTINATION)) {
            return isNet(shape, DESTINATION) && does(rule, "ACCEPT") ? RuleRole.NO_MASQUERADE : RuleRole.FOREIGN;
        }
        Cidr spared = shape.net(NOT_DESTINATION);
        if (!shape.is(NOT_DESTINATION) || spared == null || !MULTICAST.contains(spared) || !translatesSource(rule)) {
            return RuleRole.FOREIGN;
        }
        return does(rule, "MASQUERADE") ? RuleRole.MASQUERADE : RuleRole.SNAT;
    }

    private RuleRole filterRole(Rule rule, RuleShape shape) {
        if (isUnder(rule, EnumSet.of(Hook.FORWARD))) {
            RuleRole role = forwardRole(rule, shape);
            if (role != RuleRole.FOREIGN) {
                return role;
            }
        }
        boolean lookup = shape.is(SOURCE, PROTOCOL, DPORT) || shape.is(SOURCE, TCP_OR_UDP, DPORT);
        return isUnder(rule, EnumSet.of(Hook.INPUT)) && lookup && isNet(shape, SOURCE) && does(rule, "ACCEPT")
                ? RuleRole.DNS_ACCEPT
                : RuleRole.FOREIGN;
    }

    private RuleRole forwardRole(Rule rule, RuleShape shape) {
        if (does(rule, "ACCEPT")) {
            if (shape.is(DESTINATION, KNOWN_FLOW) && isNet(shape, DESTINATION)) {
                return RuleRole.RETURN_TRAFFIC;
            }
            if (shape.is(SOURCE) && isNet(shape, SOURCE)) {
                return RuleRole.OUTBOUND_ACCEPT;
            }
            return shape.is(FLOW_MARK) && PORT_MARK.equals(shape.name(FLOW_MARK))
                    ? RuleRole.PORT_MARK_ACCEPT
                    : RuleRole.FOREIGN;
        }
        if (does(rule, "DROP")) {
            if (shape.is(INVALID)) {
                return RuleRole.INVALID_DROP;
            }
            return shape.is(OUT) && isIsolation(rule.chain()) ? RuleRole.ISOLATION_DROP : RuleRole.FOREIGN;
        }
        if (!isJump(rule)) {
            return RuleRole.FOREIGN;
        }
        if (shape.is()) {
            return leadsToIsolation(rule) ? RuleRole.ISOLATION_JUMP : RuleRole.FOREIGN;
        }
        boolean leaves = shape.is(IN, NOT_OUT) && shape.device() != null;
        return leaves ? RuleRole.ISOLATION_FROM : RuleRole.FOREIGN;
    }

    /** Netavark writes these for networks; one for a single address is the user's. */
    private static boolean isNet(RuleShape shape, RuleShape.Part part) {
        return shape.net(part) != null && shape.address(part) == null;
    }

    private static boolean leadsToIsolation(Rule rule) {
        return rule.target() != null && isIsolation(rule.target().name());
    }

    /** These chains may be empty and not be led to, so that only their name tells. */
    private static boolean isIsolation(String chain) {
        return ISOLATION.matcher(chain).matches();
    }

    /** A jump to one of netavark's own chains. */
    private boolean isJump(Rule rule) {
        Target target = rule.target();
        return target != null
                && (rule.table().equals(TABLE) || target.name().startsWith(CHAINS))
                && does(rule, target.name())
                && ruleset.chain(rule.table(), target.name()).isPresent();
    }

    /** Nothing leads to a chain when other rules were flushed; what stands there then still says what it was for. */
    private boolean isUnder(Rule rule, Set<Hook> wanted) {
        Set<Hook> hooks = reach.hooks(rule.table(), rule.chain());
        return hooks.isEmpty() || hooks.stream().anyMatch(wanted::contains);
    }
}
