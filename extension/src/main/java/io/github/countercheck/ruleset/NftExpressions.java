// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes expressions of their JSON, and equal ones of several parts the same. */
final class NftExpressions {

    private final Shared shared;

    NftExpressions(Shared shared) {
        this.shared = shared;
    }

    /** Reads what may also be the name of a set: {@code "@blocked"}. */
    Expression reference(@Nullable Object json) {
        if (json instanceof String text && text.length() > 1 && text.charAt(0) == '@') {
            return shared.one(new Expression.SetReference(text.substring(1)));
        }
        return expression(json);
    }

    /** Reads a map, by what the elements of an anonymous one lead to. */
    Expression map(@Nullable Object json) {
        JsonObject object = json instanceof JsonObject given ? given : null;
        if (object != null && object.get("set") instanceof List<?>) {
            return shared.one(new Expression.AnonymousSet(elements(object.list("set"), true)));
        }
        return reference(json);
    }

    Expression expression(@Nullable Object json) {
        return json instanceof String || json instanceof Long
                ? new Expression.Value(json.toString())
                : shared.one(read(json));
    }

    private Expression read(@Nullable Object json) {
        if (json instanceof Boolean found) {
            return value(found ? "exists" : "missing");
        }
        if (json instanceof List<?> flags) {
            return new Expression.Flags(flags.stream().map(this::expression).toList());
        }
        if (json instanceof JsonObject object && object.size() == 1) {
            String kind = object.name(0);
            Object value = object.value(0);
            if (value instanceof JsonObject body) {
                Expression known = read(kind, body);
                if (known != null) {
                    return known;
                }
            }
            if (value instanceof List<?> list && !list.isEmpty()) {
                Expression known = read(kind, list);
                if (known != null) {
                    return known;
                }
            }
        }
        return other(JsonReader.compact(json));
    }

    private Expression.Value value(String text) {
        return new Expression.Value(text);
    }

    private Expression.Other other(String text) {
        return new Expression.Other(text);
    }

    private @Nullable Expression read(String kind, List<?> list) {
        return switch (kind) {
            case "concat" -> new Expression.Concatenation(all(list));
            case "set" -> new Expression.AnonymousSet(elements(list, false));
            case "range" ->
                list.size() == 2 ? new Expression.Range(expression(list.get(0)), expression(list.get(1))) : null;
            case "&", "|", "^", "<<", ">>" -> binary(kind, list);
            default -> null;
        };
    }

    private List<Expression> all(List<?> list) {
        List<Expression> parts = new ArrayList<>(list.size());
        list.forEach(part -> parts.add(expression(part)));
        return parts;
    }

    /** Newer releases write {@code a | b | c} as one list. */
    private @Nullable Expression binary(String operator, List<?> operands) {
        if (operands.size() < 2) {
            return null;
        }
        Expression left = expression(operands.get(0));
        for (Object right : operands.subList(1, operands.size())) {
            left = shared.one(new Expression.Binary(operator, left, expression(right)));
        }
        return left;
    }

    private @Nullable Expression read(String kind, JsonObject body) {
        return switch (kind) {
            case "payload" -> payload(body);
            case "meta" -> {
                String key = body.text("key");
                yield key == null ? null : new Expression.Meta(key);
            }
            case "ct" -> conntrack(body);
            case "fib" -> {
                String result = body.text("result");
                yield result == null ? null : new Expression.Fib(body.texts("flags"), result);
            }
            case "prefix" -> prefix(body);
            case "map" -> new Expression.Lookup(expression(body.get("key")), map(body.get("data")));
            case "elem" -> expression(body.get("val"));
            case "exthdr" -> other(header(body.has("field") ? "" : "exthdr ", body));
            case "tcp option" -> other("tcp option " + tcpOption(body));
            case "ip option", "sctp chunk" -> other(header(kind + " ", body));
            case "dccp option" -> other("dccp option " + body.text("type"));
            case "rt" -> other("rt " + words(body.text("family"), body.text("key")));
            case "ipsec" -> {
                long number = body.number("spnum", 0);
                yield other("ipsec "
                        + words(
                                body.text("dir"),
                                number == 0 ? null : "spnum " + number,
                                body.text("family"),
                                body.text("key")));
            }
            case "socket" -> {
                String level = body.text("level");
                yield other("socket " + words(body.text("key"), level == null ? null : "level " + level));
            }
            case "osf" -> {
                String ttl = body.text("ttl");
                yield other("osf " + words(ttl == null ? null : "ttl " + ttl, body.text("key")));
            }
            case "numgen" -> other("numgen " + words(body.text("mode"), modulus(body)));
            case "symhash" -> other("symhash " + modulus(body));
            case "jhash" -> other("jhash " + NftPrinter.print(expression(body.get("expr"))) + " " + modulus(body));
            default -> null;
        };
    }

    private @Nullable Expression payload(JsonObject body) {
        String protocol = body.text("protocol");
        String field = body.text("field");
        if (protocol != null && field != null) {
            String tunnel = body.text("tunnel");
            return new Expression.Payload(tunnel == null ? protocol : tunnel + " " + protocol, field);
        }
        String base = body.text("base");
        return base == null ? null : other("@" + base + "," + body.text("offset") + "," + body.text("len"));
    }

    private @Nullable Expression conntrack(JsonObject body) {
        String key = body.text("key");
        if (key == null) {
            return null;
        }
        int space = key.indexOf(' ');
        String family = space < 0 ? body.text("family") : key.substring(0, space);
        String direction = body.text("dir");
        return new Expression.Conntrack(key.substring(space + 1), direction, family);
    }

    private @Nullable Expression prefix(JsonObject body) {
        String address = body.text("addr");
        long length = body.number("len", -1);
        if (address == null || length < 0) {
            return null;
        }
        try {
            return new Expression.Prefix(Cidr.parse(address + "/" + length));
        } catch (IllegalArgumentException noAddress) {
            return other(address + "/" + length);
        }
    }

    private static String header(String prefix, JsonObject body) {
        return prefix + words(body.text("name"), body.text("field"));
    }

    private static String tcpOption(JsonObject body) {
        String base = body.text("base");
        if (base == null) {
            return words(body.text("name"), body.text("field"));
        }
        boolean kindOnly = body.number("offset", 0) == 0 && body.number("len", 8) == 8;
        return kindOnly ? base : "@" + base + "," + body.text("offset") + "," + body.text("len");
    }

    private static String modulus(JsonObject body) {
        long offset = body.number("offset", 0);
        return "mod " + body.text("mod")
                + (body.has("seed") ? " seed 0x" + Long.toHexString(body.number("seed", 0)) : "")
                + (offset == 0 ? "" : " offset " + offset);
    }

    static String words(@Nullable String... words) {
        StringBuilder text = new StringBuilder();
        for (String word : words) {
            if (word != null) {
                text.append(text.isEmpty() ? "" : " ").append(word);
            }
        }
        return text.toString();
    }

    /**
     * Reads the elements of a set.
     *
     * @param isMap whether each is a pair of key and what it leads to
     */
    List<NamedSet.Element> elements(List<?> list, boolean isMap) {
        List<NamedSet.Element> elements = new ArrayList<>(list.size());
        for (Object json : list) {
            boolean pair = isMap && json instanceof List<?> parts && parts.size() == 2;
            Object key = pair ? ((List<?>) json).get(0) : json;
            Object data = pair ? ((List<?>) json).get(1) : null;
            elements.add(element(key, data));
        }
        return elements;
    }

    private NamedSet.Element element(@Nullable Object json, @Nullable Object data) {
        JsonObject more = json instanceof JsonObject object ? object.object("elem") : null;
        Target verdict = data instanceof JsonObject object ? NftStatements.verdict(object) : null;
        Expression leadsTo = data == null || verdict != null ? null : expression(data);
        if (more == null) {
            return new NamedSet.Element(expression(json), verdict, leadsTo, null, null, null);
        }
        long timeout = more.number("timeout", -1);
        String comment = more.text("comment");
        return new NamedSet.Element(
                expression(more.get("val")),
                verdict,
                leadsTo,
                NftStatements.counter(more.object("counter")),
                timeout < 0 ? null : timeout,
                comment);
    }
}
