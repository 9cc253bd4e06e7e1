// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** Makes statements of their JSON. */
final class NftStatements {

    /** What {@code continue} becomes; iptables has no such verdict. */
    static final String CONTINUE = "CONTINUE";

    /** The targets of iptables that decide; any other one, such as {@code LOG}, goes on with the next rule. */
    private static final Set<String> DECIDING_TARGETS = Set.of(
            "DNAT",
            "SNAT",
            "MASQUERADE",
            "REDIRECT",
            "NETMAP",
            "REJECT",
            "NFQUEUE",
            "TPROXY",
            "ACCEPT",
            "DROP",
            "RETURN");

    private static final Target ACCEPT = new Target("ACCEPT", false, List.of());
    private static final Target DROP = new Target("DROP", false, List.of());
    private static final Target RETURN = new Target("RETURN", false, List.of());
    private static final Target GO_ON = new Target(CONTINUE, false, List.of());

    private final NftExpressions expressions;

    NftStatements(NftExpressions expressions) {
        this.expressions = expressions;
    }

    Statement statement(@Nullable Object json, Family family) {
        if (!(json instanceof JsonObject object) || object.size() != 1) {
            // The tool falls back to its own syntax where it knows no JSON for a statement.
            String text = json instanceof String known ? known : JsonReader.compact(json);
            int space = text.indexOf(' ');
            return other(space < 0 ? text : text.substring(0, space), text);
        }
        String kind = object.name(0);
        Object value = object.value(0);
        Target verdict = verdict(object);
        if (verdict != null) {
            return act(verdict, verdict(verdict));
        }
        JsonObject body = value instanceof JsonObject given ? given : new JsonObject();
        return switch (kind) {
            case "match" -> condition(body);
            case "counter" -> count(value);
            case "vmap" ->
                new Statement.VerdictMap(expressions.expression(body.get("key")), expressions.map(body.get("data")));
            case "mangle" ->
                new Statement.Mangle(
                        expressions.expression(body.get("key")), expressions.expression(body.get("value")));
            case "dnat", "snat" -> addressTranslation(kind, body);
            case "masquerade", "redirect" -> portTranslation(kind, body);
            case "reject" -> reject(body, family);
            case "queue" -> queue(body);
            case "xt" -> extension(body);
            default -> other(kind, text(kind, value, body, family));
        };
    }

    private Statement other(String keyword, String text) {
        return new Statement.Other(keyword, text);
    }

    private Statement act(Target target, String text) {
        return new Statement.Act(target, text, null);
    }

    /** Returns the verdict that the only key of an object names, or null. */
    static @Nullable Target verdict(JsonObject object) {
        if (object.size() != 1) {
            return null;
        }
        return switch (object.name(0)) {
            case "accept" -> ACCEPT;
            case "drop" -> DROP;
            case "return" -> RETURN;
            case "continue" -> GO_ON;
            case "jump", "goto" -> {
                JsonObject to = object.object(object.name(0));
                String chain = to == null ? null : to.text("target");
                yield chain == null ? null : new Target(chain, object.name(0).equals("goto"), List.of());
            }
            default -> null;
        };
    }

    /** Prints a verdict as nftables does: {@code jump DOCKER}. */
    static String verdict(Target target) {
        return switch (target.name()) {
            case "ACCEPT" -> "accept";
            case "DROP" -> "drop";
            case "RETURN" -> "return";
            case CONTINUE -> "continue";
            default -> (target.isGoto() ? "goto " : "jump ") + target.name();
        };
    }

    private Statement condition(JsonObject body) {
        String operator = body.text("op");
        return new Statement.Condition(new Match.Comparison(
                expressions.expression(body.get("left")),
                operator == null ? "==" : operator,
                expressions.reference(body.get("right"))));
    }

    /** Makes a condition that asks for another value, a text or a number. */
    Statement withValue(Match.Comparison comparison, Object value) {
        return new Statement.Condition(
                new Match.Comparison(comparison.left(), comparison.operator(), expressions.reference(value)));
    }

    private Statement count(@Nullable Object value) {
        if (value instanceof String name) {
            return new Statement.Count(name);
        }
        if (value instanceof JsonObject body && body.has("map")) {
            return other("counter", "counter name " + NftPrinter.printNames(expressions.expression(body)));
        }
        return new Statement.Count(null);
    }

    /** Returns what an anonymous counter counted; null where the listing leaves it out. */
    static @Nullable Counter counter(@Nullable JsonObject body) {
        if (body == null) {
            return null;
        }
        long packets = body.number("packets", -1);
        long bytes = body.number("bytes", -1);
        if (packets < 0 || bytes < 0) {
            return null;
        }
        return packets == 0 && bytes == 0 ? Counter.ZERO : new Counter(packets, bytes);
    }

    private Statement addressTranslation(String kind, JsonObject body) {
        Object address = body.get("addr");
        Object port = body.get("port");
        String family = body.text("family");
        List<String> typeFlags = body.texts("type_flags");
        StringBuilder text = new StringBuilder(kind);
        text.append(family == null ? "" : " " + family);
        text.append(typeFlags.contains("concat") ? " addr . port" : "");
        text.append(typeFlags.contains("prefix") ? " prefix" : "").append(" to ");
        String to = "";
        Expression.Lookup lookup = null;
        if (address != null) {
            Expression expression = expressions.expression(address);
            lookup = port == null && expression instanceof Expression.Lookup asked ? asked : null;
            to = addressText(expression, port != null);
            // nft puts each end of a range into brackets, iptables the range as a whole.
            boolean eachEnd = expression instanceof Expression.Range && to.startsWith("[");
            text.append(eachEnd ? to.replace("-", "]-[") : to);
        }
        if (port != null) {
            String ports = ":" + NftPrinter.print(expressions.expression(port));
            to += ports;
            text.append(ports);
        }
        List<Option> options = new ArrayList<>();
        options.add(option(kind.equals("dnat") ? "--to-destination" : "--to-source", to));
        flags(body, options, text);
        Target target = new Target(kind.equals("dnat") ? "DNAT" : "SNAT", false, options);
        return new Statement.Act(target, text.toString(), lookup);
    }

    /** Puts addresses with colons into brackets, a range as a whole. */
    private static String addressText(Expression address, boolean withPort) {
        String text = NftPrinter.print(address);
        boolean plain = !withPort || address instanceof Expression.Lookup || text.indexOf(':') < 0;
        return plain ? text : "[" + text + "]";
    }

    private Statement portTranslation(String kind, JsonObject body) {
        List<Option> options = new ArrayList<>();
        StringBuilder text = new StringBuilder(kind);
        Object port = body.get("port");
        if (port != null) {
            String ports = NftPrinter.print(expressions.expression(port));
            options.add(option("--to-ports", ports));
            text.append(" to :").append(ports);
        }
        flags(body, options, text);
        return act(new Target(kind.equals("redirect") ? "REDIRECT" : "MASQUERADE", false, options), text.toString());
    }

    private void flags(JsonObject body, List<Option> options, StringBuilder text) {
        StringJoiner words = new StringJoiner(",");
        for (String flag : body.texts("flags")) {
            // "prefix" says it already.
            if (!flag.equals("netmap")) {
                words.add(flag);
                options.add(option(flag.equals("fully-random") ? "--random-fully" : "--" + flag, null));
            }
        }
        text.append(words.length() == 0 ? "" : " " + words);
    }

    private Option option(String name, @Nullable String value) {
        return new Option(false, name, value == null ? List.of() : List.of(value));
    }

    private Statement reject(JsonObject body, Family family) {
        String type = body.text("type");
        String code = body.text("expr");
        if (type != null && type.equals("tcp reset")) {
            return act(
                    new Target("REJECT", false, List.of(option("--reject-with", "tcp-reset"))),
                    "reject with tcp reset");
        }
        String usual = family == Family.IPV4 ? "icmp" : family == Family.IPV6 ? "icmpv6" : "icmpx";
        String shownType = type == null ? usual : type;
        String shownCode = code == null ? "port-unreachable" : code;
        boolean isUsual = shownType.equals(usual) && shownCode.equals("port-unreachable");
        return act(
                new Target("REJECT", false, List.of(option("--reject-with", rejectWith(shownType, shownCode)))),
                isUsual ? "reject" : "reject with " + shownType + " " + shownCode);
    }

    private static String rejectWith(String type, String code) {
        return switch (type) {
            case "icmp" -> "icmp-" + (code.equals("prot-unreachable") ? "proto-unreachable" : code);
            case "icmpv6" -> "icmp6-" + (code.equals("admin-prohibited") ? "adm-prohibited" : code);
            default -> type + "-" + code;
        };
    }

    private Statement queue(JsonObject body) {
        Object number = body.get("num");
        String queues = number == null ? "0" : NftPrinter.print(expressions.expression(number));
        List<String> flags = body.texts("flags");
        List<Option> options = new ArrayList<>();
        options.add(option(queues.indexOf('-') < 0 ? "--queue-num" : "--queue-balance", queues.replace('-', ':')));
        for (String flag : flags) {
            options.add(option(flag.equals("fanout") ? "--queue-cpu-fanout" : "--queue-" + flag, null));
        }
        return act(
                new Target("NFQUEUE", false, options),
                "queue " + (flags.isEmpty() ? "" : "flags " + String.join(",", flags) + " ") + "to " + queues);
    }

    /** An extension of iptables, of which this JSON says the name at most. */
    private Statement extension(JsonObject body) {
        String type = body.text("type");
        String name = body.text("name");
        if (type == null || name == null) {
            return other("xt", "xt");
        }
        String text = "xt " + type + " \"" + name + "\"";
        boolean decides = type.equals("target") && DECIDING_TARGETS.contains(name);
        return decides ? act(new Target(name, false, List.of()), text) : other("xt", text);
    }

    private String text(String kind, @Nullable Object value, JsonObject body, Family family) {
        if (body.has("map") && (kind.equals("limit") || kind.equals("quota"))) {
            return kind + " name " + NftPrinter.printNames(expressions.expression(body));
        }
        if (value instanceof String name) {
            return switch (kind) {
                case "quota", "limit", "synproxy" -> kind + " name \"" + name + "\"";
                case "secmark" -> "meta secmark set \"" + name + "\"";
                case "ct helper", "ct timeout", "ct expectation" -> kind + " set \"" + name + "\"";
                default -> kind + " " + name;
            };
        }
        return switch (kind) {
            case "log" -> log(body);
            case "limit" -> limit(body);
            case "quota" -> quota(body);
            case "ct count" -> "ct count " + (isInverse(body) ? "over " : "") + body.text("val");
            case "tproxy" -> transparentProxy(body);
            case "dup" -> duplicate(body, family);
            case "fwd" -> forward(body);
            case "set" -> update(body, body.text("set"), family);
            case "map" -> update(body, body.text("map"), family);
            case "meter" -> meter(body, family);
            case "flow" -> "flow " + body.text("op") + " " + body.text("flowtable");
            case "synproxy" -> "synproxy " + synproxy(body, " ");
            case "reset" -> "reset " + NftPrinter.print(expressions.expression(body));
            case "last" -> {
                long used = body.number("used", -1);
                yield "last used " + (used < 0 ? "never" : NftPrinter.duration(used / 1_000));
            }
            default -> value == null ? kind : kind + " " + JsonReader.compact(value);
        };
    }

    private static boolean isInverse(JsonObject body) {
        return Boolean.TRUE.equals(body.get("inv"));
    }

    private static String log(JsonObject body) {
        StringBuilder text = new StringBuilder("log");
        String prefix = body.text("prefix");
        if (prefix != null) {
            text.append(" prefix \"").append(prefix).append('"');
        }
        for (String key : List.of("group", "snaplen", "queue-threshold", "level")) {
            String value = body.text(key);
            text.append(value == null ? "" : " " + key + " " + value);
        }
        StringJoiner tcp = new StringJoiner(",", " flags tcp ", "").setEmptyValue("");
        StringBuilder others = new StringBuilder();
        for (String flag : body.texts("flags")) {
            if (flag.startsWith("tcp ")) {
                tcp.add(flag.substring("tcp ".length()));
            } else {
                others.append(" flags ").append(flag);
            }
        }
        return text.append(tcp).append(others).toString();
    }

    static String limit(JsonObject body) {
        String unit = body.text("rate_unit");
        boolean packets = unit == null || unit.equals("packets");
        long burst = body.number("burst", 0);
        String rate = (isInverse(body) ? "over " : "") + body.text("rate") + (packets ? "" : " " + unit) + "/"
                + (body.has("per") ? body.text("per") : "second");
        String burstUnit = body.has("burst_unit") ? body.text("burst_unit") : packets ? "packets" : "bytes";
        boolean usual = burst == (packets ? 5 : 0);
        return "limit rate " + rate + (usual ? "" : " burst " + burst + " " + burstUnit);
    }

    private static String quota(JsonObject body) {
        String used = body.text("used");
        return "quota " + (isInverse(body) ? "over " : "") + body.text("val") + " " + unit(body, "val_unit")
                + (used == null || used.equals("0") ? "" : " used " + used + " " + unit(body, "used_unit"));
    }

    private static String unit(JsonObject body, String key) {
        String unit = body.text(key);
        return unit == null ? "bytes" : unit;
    }

    private String transparentProxy(JsonObject body) {
        Object address = body.get("addr");
        Object port = body.get("port");
        String family = body.text("family");
        String text = "tproxy" + (family == null ? "" : " " + family) + " to ";
        if (address != null) {
            String shown = NftPrinter.print(expressions.expression(address));
            text += shown.indexOf(':') < 0 ? shown : "[" + shown + "]";
        }
        return text + (port == null ? "" : ":" + NftPrinter.print(expressions.expression(port)));
    }

    private String duplicate(JsonObject body, Family family) {
        Expression address = expressions.expression(body.get("addr"));
        Object device = body.get("dev");
        boolean toDevice = family == Family.NETDEV;
        return "dup to " + (toDevice ? device(address) : NftPrinter.print(address))
                + (device == null ? "" : " device " + device(expressions.expression(device)));
    }

    private String forward(JsonObject body) {
        String device = device(expressions.expression(body.get("dev")));
        Object address = body.get("addr");
        return address == null
                ? "fwd to " + device
                : "fwd " + body.text("family") + " to " + NftPrinter.print(expressions.expression(address)) + " device "
                        + device;
    }

    private static String device(Expression device) {
        return NftPrinter.print(device, new Expression.Meta("oif"));
    }

    private String update(JsonObject body, @Nullable String set, Family family) {
        Object key = body.has("key") ? body.get("key") : body.get("elem");
        StringBuilder text = new StringBuilder();
        text.append(body.text("op")).append(' ').append(set).append(" { ").append(key(key));
        for (Object statement : body.list("stmt")) {
            text.append(' ').append(statement(statement, family).text());
        }
        if (body.has("data")) {
            text.append(" : ").append(NftPrinter.print(expressions.expression(body.get("data"))));
        }
        return text.append(" }").toString();
    }

    private String key(@Nullable Object json) {
        JsonObject more = json instanceof JsonObject object ? object.object("elem") : null;
        String text = NftPrinter.print(expressions.expression(json));
        long timeout = more == null ? -1 : more.number("timeout", -1);
        return timeout < 0 ? text : text + " timeout " + NftPrinter.duration(timeout);
    }

    private String meter(JsonObject body, Family family) {
        String size = body.text("size");
        return "meter " + body.text("name") + (size == null ? "" : " size " + size) + " { " + key(body.get("key")) + " "
                + statement(body.get("stmt"), family).text() + " }";
    }

    static String synproxy(JsonObject body, String between) {
        StringJoiner text = new StringJoiner(between);
        for (String key : List.of("mss", "wscale")) {
            String value = body.text(key);
            if (value != null) {
                text.add(key + " " + value);
            }
        }
        List<String> flags = body.texts("flags");
        if (!flags.isEmpty()) {
            text.add(String.join(" ", flags));
        }
        return text.toString();
    }
}
