// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.ArrayList;
import java.util.List;

/** Prints the named objects of a table from their JSON, as {@code nft} lists them. */
final class NftObjects {

    private NftObjects() {}

    /** Returns what stands between the braces, of a counter without what it counted: {@code type "ftp" protocol tcp}. */
    static String text(String kind, JsonObject body) {
        String comment = body.text("comment");
        String content = content(kind, body);
        if (comment == null) {
            return content;
        }
        return "comment \"" + comment + "\"" + (content.isEmpty() ? "" : "; " + content);
    }

    private static String content(String kind, JsonObject body) {
        return switch (kind) {
            case "counter" -> "";
            case "quota" -> {
                long used = body.number("used", 0);
                yield (Boolean.TRUE.equals(body.get("inv")) ? "over " : "") + body.text("bytes") + " bytes"
                        + (used == 0 ? "" : " used " + used + " bytes");
            }
            case "limit" -> NftStatements.limit(body).substring("limit ".length());
            case "synproxy" -> NftStatements.synproxy(body, "; ");
            case "secmark" -> "\"" + body.text("context") + "\"";
            case "ct helper" ->
                "type \"" + body.text("type") + "\" protocol " + body.text("protocol") + optional("l3proto", body);
            case "ct timeout" -> "protocol " + body.text("protocol") + optional("l3proto", body) + timeouts(body);
            case "ct expectation" ->
                "protocol " + body.text("protocol") + optional("dport", body) + "; timeout "
                        + NftPrinter.duration(body.number("timeout", 0) / 1_000) + optional("size", body)
                        + optional("l3proto", body);
            case "flowtable" ->
                "hook " + body.text("hook") + " priority " + body.text("prio") + "; devices = { \""
                        + String.join("\", \"", body.texts("dev")) + "\" }" + offload(body);
            default -> JsonReader.compact(body);
        };
    }

    private static String optional(String key, JsonObject body) {
        String value = body.text(key);
        return value == null ? "" : "; " + key + " " + value;
    }

    private static String offload(JsonObject body) {
        List<String> flags = body.texts("flags");
        return flags.isEmpty() ? "" : "; flags " + String.join(",", flags);
    }

    private static String timeouts(JsonObject body) {
        JsonObject policy = body.object("policy");
        if (policy == null) {
            return "";
        }
        List<String> states = new ArrayList<>();
        for (int i = 0; i < policy.size(); i++) {
            states.add(policy.name(i) + " : " + policy.value(i));
        }
        return "; policy = { " + String.join(", ", states) + " }";
    }
}
