// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.explain;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.MinimalPrettyPrinter;
import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.ruleset.Counter;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.snapshot.RuleDelta;
import io.github.countercheck.walk.PacketWalk;
import java.io.IOException;
import java.io.Writer;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Prints explanations for programs. A field that is not known is null, never left out. */
final class JsonOutput {

    private final JsonGenerator json;

    private JsonOutput(JsonGenerator json) {
        this.json = json;
    }

    /** Prints an array with an object for each rule, each on a line of its own. */
    static void rules(List<ExplainedRule> rules, Writer out) throws IOException {
        try (JsonGenerator json = generator(out)) {
            JsonOutput output = new JsonOutput(json);
            json.writeStartArray();
            for (ExplainedRule rule : rules) {
                json.writeRaw('\n');
                json.writeStartObject();
                output.rule(rule);
                json.writeEndObject();
            }
            json.writeRaw('\n');
            json.writeEndArray();
            json.writeRaw('\n');
        }
    }

    /** Prints one object: the steps, and what became of the packet. */
    static void walk(PacketWalk walk, Writer out) throws IOException {
        try (JsonGenerator json = generator(out)) {
            JsonOutput output = new JsonOutput(json);
            json.writeStartObject();
            json.writeArrayFieldStart("steps");
            for (PacketWalk.Step step : walk.steps()) {
                json.writeRaw('\n');
                json.writeStartObject();
                output.step(step);
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeRaw('\n');
            json.writeStringField("verdict", walk.fate().name());
            json.writeStringField("reason", walk.reason());
            output.text("destination", walk.destination());
            output.text("source", walk.source());
            json.writeArrayFieldStart("assumptions");
            for (String assumption : walk.assumptions()) {
                json.writeString(assumption);
            }
            json.writeEndArray();
            json.writeEndObject();
            json.writeRaw('\n');
        }
    }

    private static JsonGenerator generator(Writer out) throws IOException {
        return new JsonFactory()
                .createGenerator(out)
                .configure(JsonGenerator.Feature.AUTO_CLOSE_TARGET, false)
                .setPrettyPrinter(new MinimalPrettyPrinter(""));
    }

    private void rule(ExplainedRule rule) throws IOException {
        ClassifiedRule classified = rule.classified();
        json.writeStringField("family", rule.family().keyword());
        json.writeStringField("table", classified.rule().table());
        json.writeStringField("chain", classified.rule().chain());
        json.writeStringField("rule", classified.rule().spec());
        meaning(classified);
        counter(classified.rule().counter());
        RuleDelta delta = rule.delta();
        if (delta != null) {
            number("deltaPackets", delta.packets());
            number("deltaBytes", delta.bytes());
            json.writeStringField("change", delta.change().name());
        }
    }

    private void step(PacketWalk.Step step) throws IOException {
        ClassifiedRule classified = step.rule();
        json.writeStringField("hook", step.hook().name());
        json.writeStringField("family", step.family().keyword());
        json.writeStringField("table", step.table());
        json.writeStringField("chain", step.chain());
        json.writeStringField("rule", step.text());
        meaning(classified);
        counter(classified == null ? null : classified.rule().counter());
        json.writeStringField("verdict", step.verdict());
    }

    private void meaning(@Nullable ClassifiedRule classified) throws IOException {
        ContainerFacts container = classified == null ? null : classified.container();
        NetworkFacts network = classified == null ? null : classified.network();
        Transport transport = classified == null ? null : classified.transport();
        Integer port = classified == null ? null : classified.port();
        text("role", classified == null ? null : classified.role());
        text("container", container == null ? null : container.name());
        text("network", network == null ? null : network.name());
        if (port == null) {
            json.writeNullField("port");
        } else {
            json.writeNumberField("port", port);
        }
        text("protocol", transport);
    }

    private void counter(@Nullable Counter counter) throws IOException {
        number("packets", counter == null ? OptionalLong.empty() : OptionalLong.of(counter.packets()));
        number("bytes", counter == null ? OptionalLong.empty() : OptionalLong.of(counter.bytes()));
    }

    private void text(String field, @Nullable Object value) throws IOException {
        if (value == null) {
            json.writeNullField(field);
        } else {
            json.writeStringField(field, value.toString());
        }
    }

    private void number(String field, OptionalLong value) throws IOException {
        if (value.isPresent()) {
            json.writeNumberField(field, value.getAsLong());
        } else {
            json.writeNullField(field);
        }
    }
}
