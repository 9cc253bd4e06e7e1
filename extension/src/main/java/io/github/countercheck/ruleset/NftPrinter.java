// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.StringJoiner;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Prints rules of nftables in the syntax of {@code nft list ruleset}, as release 1.0.6 writes it. The JSON says {@code
 * 8192} where the listing says {@code 0x00002000} and the same of names that the listing quotes, so a value is printed as
 * what it is compared with wants it.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class NftPrinter {

    private static final Set<String> BARE_META = Set.of("iif", "iifname", "iifgroup", "oif", "oifname", "oifgroup");
    private static final Set<String> FLAGS_OF_CONNTRACK = Set.of("state", "status", "label");

    /** Values that are compared with this are quoted. */
    private static final Expression NAMES = new Expression.Meta("iifname");

    private NftPrinter() {}

    /** How a value is written. */
    private enum Style {
        PLAIN,
        /** {@code "docker0"}. */
        QUOTED,
        /** {@code "lo"}, but {@code 0}. */
        QUOTED_NAME,
        /** {@code 0x16}. */
        HEX,
        /** {@code 0x0f}. */
        HEX_2,
        /** {@code 0x88cc}. */
        HEX_4,
        /** {@code 0x00002000}. */
        HEX_8,
        /** {@code 1m30s}. */
        TIME
    }

    /** Prints a table so that {@code nft -f} makes it again, with what its counters counted. */
    public static String print(Family family, Table table) {
        StringBuilder out = new StringBuilder();
        out.append("table ").append(family.keyword()).append(' ').append(table.name());
        out.append(" {\n");
        if (!table.flags().isEmpty()) {
            out.append("\tflags ").append(String.join(",", table.flags())).append('\n');
        }
        for (NamedObject object : table.objects()) {
            out.append('\t').append(object.kind()).append(' ').append(object.name());
            out.append(" {\n");
            if (!object.text().isEmpty()) {
                out.append("\t\t").append(object.text()).append('\n');
            }
            Counter counter = object.counter();
            if (counter != null) {
                out.append("\t\t").append(counted(counter)).append('\n');
            }
            out.append("\t}\n");
        }
        for (NamedSet set : table.sets()) {
            set(set, out);
        }
        for (Chain chain : table.chains()) {
            chain(chain, out);
        }
        return out.append("}\n").toString();
    }

    private static String counted(Counter counter) {
        return "packets " + counter.packets() + " bytes " + counter.bytes();
    }

    private static void set(NamedSet set, StringBuilder out) {
        String dataType = set.dataType();
        out.append('\t').append(dataType == null ? "set " : "map ").append(set.name());
        out.append(" {\n\t\t").append(set.type().startsWith("typeof ") ? "" : "type ");
        out.append(set.type()).append(dataType == null ? "" : " : " + dataType).append('\n');
        if (!set.flags().isEmpty()) {
            out.append("\t\tflags ").append(String.join(",", set.flags())).append('\n');
        }
        set.properties().forEach(line -> out.append("\t\t").append(line).append('\n'));
        if (!set.elements().isEmpty()) {
            Expression key = likeType(set.type());
            Expression data = dataType == null ? null : likeType(dataType);
            out.append("\t\telements = ").append(elements(set.elements(), key, data));
            out.append('\n');
        }
        out.append("\t}\n");
    }

    private static void chain(Chain chain, StringBuilder out) {
        out.append("\tchain ").append(chain.name()).append(" {\n");
        BaseChain base = chain.base();
        if (base != null) {
            out.append("\t\t").append(base).append(';');
            Policy policy = chain.policy();
            if (policy != null) {
                out.append(" policy ").append(policy.name().toLowerCase(Locale.ROOT));
                out.append(';');
            }
            out.append('\n');
        }
        for (Rule rule : chain.rules()) {
            out.append("\t\t").append(printWithCounter(rule)).append('\n');
        }
        out.append("\t}\n");
    }

    private static String printWithCounter(Rule rule) {
        NftRule nft = rule.nft();
        if (nft == null) {
            return rule.spec();
        }
        Counter counter = rule.counter();
        int counts = counter == null ? -1 : lastCounter(nft.statements());
        List<String> words = new ArrayList<>();
        for (int i = 0; i < nft.statements().size(); i++) {
            String text = nft.statements().get(i).text();
            words.add(i == counts && counter != null ? text + " " + counted(counter) : text);
        }
        return String.join(" ", words) + comment(nft.comment());
    }

    /** Finds the last anonymous counter, or -1. */
    static int lastCounter(List<Statement> statements) {
        int last = -1;
        for (int i = 0; i < statements.size(); i++) {
            if (isAnonymousCounter(statements.get(i))) {
                last = i;
            }
        }
        return last;
    }

    static boolean isAnonymousCounter(Statement statement) {
        return statement instanceof Statement.Count count && count.name() == null;
    }

    static String comment(@Nullable String comment) {
        return comment == null ? "" : " comment \"" + comment + "\"";
    }

    /** Prints a condition: {@code ip saddr != 172.17.0.0/16}. */
    public static String print(Match.Comparison comparison) {
        Expression left = comparison.left();
        Expression right = comparison.right();
        String operator = comparison.operator();
        if (left instanceof Expression.Binary masked && masked.operator().equals("&") && isTcpFlags(masked.left())) {
            return print(masked.left()) + (operator.equals("==") ? " " : " " + operator + " ") + print(right, left)
                    + " / " + print(masked.right(), left);
        }
        boolean implied = operator.equals("in") || (operator.equals("==") && !isExact(left, right));
        return print(left) + " " + (implied ? "" : operator + " ") + print(right, left);
    }

    /** Tells whether the sign of equality is needed, since without it any of the flags would do. */
    private static boolean isExact(Expression left, Expression right) {
        if (left instanceof Expression.Binary) {
            return true;
        }
        boolean flags =
                isTcpFlags(left) || (left instanceof Expression.Conntrack ct && FLAGS_OF_CONNTRACK.contains(ct.key()));
        return flags && right instanceof Expression.Value;
    }

    private static boolean isTcpFlags(Expression expression) {
        return expression instanceof Expression.Payload payload
                && payload.protocol().equals("tcp")
                && payload.field().equals("flags");
    }

    /** Prints an expression that stands for itself: {@code ip saddr . tcp dport}. */
    public static String print(Expression expression) {
        return print(expression, expression);
    }

    /**
     * Prints an expression that another one is compared with or set to.
     *
     * @param expression a value, set, map or the like
     * @param other the other expression: {@code meta mark}, {@code iifname}
     */
    public static String print(Expression expression, Expression other) {
        if (expression instanceof Expression.Payload payload) {
            return payload.protocol() + " " + payload.field();
        }
        if (expression instanceof Expression.Meta meta) {
            return BARE_META.contains(meta.key()) ? meta.key() : "meta " + meta.key();
        }
        if (expression instanceof Expression.Conntrack ct) {
            return "ct " + (ct.direction() == null ? "" : ct.direction() + " ")
                    + (ct.family() == null ? "" : ct.family() + " ") + ct.key();
        }
        if (expression instanceof Expression.Fib fib) {
            return "fib " + String.join(" . ", fib.inputs()) + " " + fib.result();
        }
        if (expression instanceof Expression.Value value) {
            return value(value.text(), style(other));
        }
        if (expression instanceof Expression.Prefix prefix) {
            return prefix.net().toString();
        }
        if (expression instanceof Expression.Range range) {
            return bound(range.low(), other) + "-" + bound(range.high(), other);
        }
        if (expression instanceof Expression.Flags flags) {
            StringJoiner text = new StringJoiner(",");
            flags.values().forEach(flag -> text.add(print(flag, other)));
            return text.toString();
        }
        if (expression instanceof Expression.AnonymousSet set) {
            return elements(set.elements(), other, other);
        }
        if (expression instanceof Expression.SetReference set) {
            return "@" + set.name();
        }
        if (expression instanceof Expression.Concatenation concatenation) {
            return concatenation(concatenation.parts(), other);
        }
        if (expression instanceof Expression.Binary binary) {
            return operand(binary, binary.left(), other) + " " + binary.operator() + " "
                    + operand(binary, binary.right(), other);
        }
        if (expression instanceof Expression.Lookup lookup) {
            return print(lookup.key()) + " map " + map(lookup.map(), lookup.key(), other);
        }
        return ((Expression.Other) expression).text();
    }

    /** Prints which named object a map leads to: {@code tcp dport map { 80 : "web" }}. */
    static String printNames(Expression lookup) {
        return print(lookup, NAMES);
    }

    private static String map(Expression map, Expression key, Expression data) {
        return map instanceof Expression.AnonymousSet set ? elements(set.elements(), key, data) : print(map, key);
    }

    /** The tool writes times out in ranges only. */
    private static String bound(Expression bound, Expression other) {
        boolean seconds =
                style(other) == Style.TIME && bound instanceof Expression.Value value && isNumber(value.text());
        return seconds ? ((Expression.Value) bound).text() + "s" : print(bound, other);
    }

    private static String concatenation(List<Expression> parts, Expression other) {
        List<Expression> others =
                other instanceof Expression.Concatenation concatenation ? concatenation.parts() : List.of();
        StringJoiner text = new StringJoiner(" . ");
        for (int i = 0; i < parts.size(); i++) {
            text.add(i < others.size() ? print(parts.get(i), others.get(i)) : print(parts.get(i)));
        }
        return text.toString();
    }

    private static String operand(Expression.Binary parent, Expression operand, Expression other) {
        if (operand instanceof Expression.Flags flags) {
            StringJoiner text = new StringJoiner(" | ", "(", ")");
            flags.values().forEach(flag -> text.add(print(flag, other)));
            return text.toString();
        }
        String text = print(operand, other.equals(parent) ? parent.left() : other);
        boolean grouped =
                operand instanceof Expression.Binary child && rank(child.operator()) < rank(parent.operator());
        return grouped ? "(" + text + ")" : text;
    }

    private static int rank(String operator) {
        return switch (operator) {
            case "|" -> 0;
            case "^" -> 1;
            case "&" -> 2;
            default -> 3;
        };
    }

    private static String elements(List<NamedSet.Element> elements, Expression key, @Nullable Expression data) {
        StringJoiner text = new StringJoiner(", ", "{ ", " }");
        elements.forEach(element -> text.add(element(element, key, data)));
        return text.toString();
    }

    private static String element(NamedSet.Element element, Expression keys, @Nullable Expression data) {
        boolean catchAll =
                element.key() instanceof Expression.Value value && value.text().equals("*");
        StringBuilder text = new StringBuilder(catchAll ? "*" : print(element.key(), keys));
        Counter counter = element.counter();
        if (counter != null) {
            text.append(" counter ").append(counted(counter));
        }
        Long timeout = element.timeout();
        if (timeout != null) {
            text.append(" timeout ").append(duration(timeout));
        }
        text.append(comment(element.comment()));
        Target verdict = element.verdict();
        Expression leadsTo = element.data();
        if (verdict != null) {
            text.append(" : ").append(NftStatements.verdict(verdict));
        } else if (leadsTo != null) {
            text.append(" : ").append(print(leadsTo, data == null ? leadsTo : data));
        }
        return text.toString();
    }

    /** Writes seconds as {@code 1d2h3m4s}. */
    static String duration(long seconds) {
        if (seconds == 0) {
            return "0s";
        }
        return part(seconds / 86_400, "d")
                + part(seconds / 3_600 % 24, "h")
                + part(seconds / 60 % 60, "m")
                + part(seconds % 60, "s");
    }

    private static String part(long number, String unit) {
        return number == 0 ? "" : number + unit;
    }

    private static String value(String text, Style style) {
        boolean number = isNumber(text);
        return switch (style) {
            case PLAIN -> text;
            case QUOTED -> "\"" + text + "\"";
            case QUOTED_NAME -> number || text.equals("exists") || text.equals("missing") ? text : "\"" + text + "\"";
            case HEX -> number ? hex(text, 1) : text;
            case HEX_2 -> number ? hex(text, 2) : text;
            case HEX_4 -> number ? hex(text, 4) : text;
            case HEX_8 -> number ? hex(text, 8) : text;
            case TIME -> number && text.length() < 18 ? duration(Long.parseLong(text)) : text;
        };
    }

    private static String hex(String number, int digits) {
        String text = new BigInteger(number).toString(16);
        return "0x" + "0".repeat(Math.max(0, digits - text.length())) + text;
    }

    private static boolean isNumber(String text) {
        return text.length() <= 40 && Words.isDigits(text);
    }

    private static Style style(Expression other) {
        if (other instanceof Expression.Meta meta) {
            return switch (meta.key()) {
                case "mark" -> Style.HEX_8;
                case "iif", "oif", "sdif", "iifgroup", "oifgroup" -> Style.QUOTED_NAME;
                case "iifname",
                        "oifname",
                        "ibrname",
                        "obrname",
                        "sdifname",
                        "iifkind",
                        "oifkind",
                        "day",
                        "hour",
                        "time" -> Style.QUOTED;
                case "protocol", "ibrvproto" -> Style.HEX_4;
                default -> Style.PLAIN;
            };
        }
        if (other instanceof Expression.Conntrack ct) {
            return switch (ct.key()) {
                case "mark" -> Style.HEX_8;
                case "helper" -> Style.QUOTED;
                case "expiration" -> Style.TIME;
                default -> Style.PLAIN;
            };
        }
        if (other instanceof Expression.Fib fib) {
            return fib.result().equals("oifname")
                    ? Style.QUOTED
                    : fib.result().equals("oif") ? Style.QUOTED_NAME : Style.PLAIN;
        }
        if (other instanceof Expression.Payload payload) {
            return switch (payload.field()) {
                case "dscp" -> Style.HEX_2;
                case "type" -> payload.protocol().matches("ether|vlan|8021q|8021ad") ? Style.HEX_4 : Style.PLAIN;
                case "ptype" -> Style.HEX_4;
                case "flags" -> isTcpFlags(payload) ? Style.HEX : Style.PLAIN;
                default -> Style.PLAIN;
            };
        }
        if (other instanceof Expression.Binary binary) {
            return style(binary.left());
        }
        if (other instanceof Expression.Other unknown) {
            String text = unknown.text();
            if (text.startsWith("@")) {
                return Style.HEX;
            }
            if (text.startsWith("osf ") || text.startsWith("socket cgroupv2")) {
                return Style.QUOTED;
            }
            return text.equals("socket mark") ? Style.HEX_8 : Style.PLAIN;
        }
        return Style.PLAIN;
    }

    /** What is printed like values of that type. */
    private static Expression likeType(String type) {
        String plain = type.startsWith("typeof ") ? type.substring("typeof ".length()) : type;
        List<Expression> parts = new ArrayList<>();
        for (String part : plain.split(" \\. ", -1)) {
            parts.add(likeSimpleType(part));
        }
        return parts.size() == 1 ? parts.get(0) : new Expression.Concatenation(parts);
    }

    private static Expression likeSimpleType(String type) {
        return switch (type) {
            case "mark", "meta mark", "ct mark" -> new Expression.Meta("mark");
            case "iface_index", "iif", "oif" -> new Expression.Meta("iif");
            case "devgroup", "iifgroup", "oifgroup" -> new Expression.Meta("iifgroup");
            case "ifname",
                    "iifname",
                    "oifname",
                    "meta iifname",
                    "meta oifname",
                    "meta ibrname",
                    "meta obrname",
                    "day",
                    "hour",
                    "time",
                    "counter",
                    "quota",
                    "limit",
                    "synproxy",
                    "secmark",
                    "ct helper",
                    "ct timeout",
                    "ct expectation" -> NAMES;
            case "ether_type", "ether type", "meta protocol" -> new Expression.Meta("protocol");
            case "dscp", "ip dscp", "ip6 dscp" -> new Expression.Payload("ip", "dscp");
            case "tcp_flag", "tcp flags" -> new Expression.Payload("tcp", "flags");
            default -> new Expression.Other(type);
        };
    }
}
