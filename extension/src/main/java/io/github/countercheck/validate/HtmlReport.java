// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import io.github.countercheck.ruleset.Cidr;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apiguardian.api.API;

/** Writes reports as one page that needs nothing else. Every value is escaped. */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class HtmlReport {

    private static final String HEAD = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <title>What daemon configurations do to container networking</title>
            <style>
            body { font: 14px/1.4 sans-serif; margin: 2em; color: #222; background: #fff }
            table { border-collapse: collapse; margin: 0 0 2em }
            th, td { border: 1px solid #bbb; padding: .2em .6em; text-align: left; vertical-align: top }
            .PASS { background: #e4f4e4 } .FAIL { background: #f8dede } .UNMEASURED { background: #f6efd5 }
            code { white-space: pre-wrap }
            </style>
            </head>
            <body>
            <h1>What daemon configurations do to container networking</h1>
            """;

    private HtmlReport() {}

    /**
     * Returns the page.
     *
     * @param daemons the reports
     * @param changes what changes with a configuration against the baseline, by the name of the report
     */
    public static String of(List<DaemonReport> daemons, Map<String, List<String>> changes) {
        StringBuilder page = new StringBuilder(HEAD);
        for (DaemonReport daemon : daemons) {
            page.append("<h2 class=\"").append(daemon.verdict()).append("\">");
            page.append(escaped(Table.name(daemon))).append("</h2>\n");
            List<String> changed = changes.getOrDefault(Table.name(daemon), List.of());
            if (!changed.isEmpty()) {
                page.append("<h3>What changes for users</h3>\n<ul>\n");
                changed.forEach(
                        line -> page.append("<li>").append(escaped(line)).append("</li>\n"));
                page.append("</ul>\n");
            }
            page.append("<table>\n<tr><th>path</th><th>family</th><th>protocol</th><th>outcome</th><th>mechanism</th>"
                    + "<th>source seen</th><th>expected</th><th>verdict</th><th>cause</th><th>rules</th></tr>\n");
            daemon.probes().forEach(probe -> row(page, probe));
            page.append("</table>\n");
        }
        return page.append("</body>\n</html>\n").toString();
    }

    private static void row(StringBuilder page, ProbeReport probe) {
        Way way = probe.measured();
        InetAddress source = way == null ? null : way.sourceSeen();
        page.append("<tr class=\"").append(probe.verdict()).append("\">");
        cell(page, probe.id().id());
        cell(page, probe.family().inWords());
        cell(page, probe.protocol().name().toLowerCase(Locale.ROOT));
        cell(page, way == null ? "" : way.outcome().name());
        cell(page, way == null ? "" : way.mechanismInWords());
        cell(page, source == null ? "" : Cidr.format(source));
        cell(page, probe.expected() == null ? "" : probe.expected().toString());
        cell(page, probe.verdict().name());
        cell(page, probe.cause() == null ? "" : probe.cause());
        page.append("<td>");
        for (RuleHit rule : probe.rules()) {
            page.append("<code>+")
                    .append(rule.hits())
                    .append(' ')
                    .append(escaped(rule.location() + "  " + rule.rule()))
                    .append("</code><br>");
        }
        page.append("</td></tr>\n");
    }

    private static void cell(StringBuilder page, String value) {
        page.append("<td>").append(escaped(value)).append("</td>");
    }

    private static String escaped(String value) {
        StringBuilder safe = new StringBuilder(value.length());
        value.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> safe.append("&amp;");
                case '<' -> safe.append("&lt;");
                case '>' -> safe.append("&gt;");
                case '"' -> safe.append("&quot;");
                case '\'' -> safe.append("&#39;");
                default -> safe.appendCodePoint(c);
            }
        });
        return safe.toString();
    }
}
