// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.github.countercheck.ruleset.Cidr;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Writes reports for programs, as {@code validation-report.schema.json} beside this class describes them. A field that is not
 * known is null, never left out.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class JsonReport {

    private final JsonGenerator json;

    private JsonReport(JsonGenerator json) {
        this.json = json;
    }

    /** Returns an array with an object for each engine with each configuration. */
    public static String of(List<DaemonReport> daemons) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text).useDefaultPrettyPrinter()) {
            json.writeStartArray();
            for (DaemonReport daemon : daemons) {
                new JsonReport(json).daemon(daemon);
            }
            json.writeEndArray();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write to memory", e);
        }
        return text + "\n";
    }

    private void daemon(DaemonReport daemon) throws IOException {
        json.writeStartObject();
        json.writeStringField("engine", daemon.engine());
        text("backend", daemon.backend());
        json.writeStringField("config", daemon.config());
        json.writeArrayFieldStart("probes");
        for (ProbeReport probe : daemon.probes()) {
            probe(probe);
        }
        json.writeEndArray();
        json.writeObjectFieldStart("seconds");
        for (Phase phase : Phase.values()) {
            Duration spent = daemon.spent().get(phase);
            if (spent == null) {
                json.writeNullField(phase.inWords());
            } else {
                json.writeNumberField(phase.inWords(), spent.toMillis() / 1000.0);
            }
        }
        json.writeEndObject();
        json.writeEndObject();
    }

    private void probe(ProbeReport probe) throws IOException {
        Way measured = probe.measured();
        Way expected = probe.expected();
        json.writeStartObject();
        json.writeStringField("id", probe.id().id());
        json.writeStringField("family", probe.family().inWords());
        json.writeStringField("protocol", probe.protocol().name().toLowerCase(Locale.ROOT));
        way(measured);
        json.writeArrayFieldStart("rules");
        for (RuleHit rule : probe.rules()) {
            json.writeStartObject();
            json.writeStringField("location", rule.location());
            json.writeStringField("rule", rule.rule());
            json.writeStringField("role", rule.role().name());
            json.writeNumberField("hits", rule.hits());
            json.writeEndObject();
        }
        json.writeEndArray();
        if (expected == null) {
            json.writeNullField("expected");
        } else {
            json.writeObjectFieldStart("expected");
            way(expected);
            json.writeEndObject();
        }
        json.writeStringField("verdict", probe.verdict().name());
        text("cause", probe.cause());
        json.writeEndObject();
    }

    private void way(@Nullable Way way) throws IOException {
        InetAddress source = way == null ? null : way.sourceSeen();
        text("outcome", way == null ? null : way.outcome().name());
        text("mechanism", way == null ? null : way.mechanismInWords());
        text("sourceSeen", source == null ? null : Cidr.format(source));
    }

    private void text(String field, @Nullable String value) throws IOException {
        if (value == null) {
            json.writeNullField(field);
        } else {
            json.writeStringField(field, value);
        }
    }
}
