// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import io.github.countercheck.diagnosis.Cause;
import io.github.countercheck.diagnosis.FailureText;
import io.github.countercheck.report.TestReport.Lane;
import io.github.countercheck.report.TestReport.Ribbon;
import io.github.countercheck.report.TestReport.RuleChange;
import io.github.countercheck.report.TestReport.Station;
import io.github.countercheck.report.TestReport.WalkedChain;
import io.github.countercheck.report.TestReport.WalkedRule;
import java.io.IOException;
import java.io.Writer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Prints a test for programs, as {@code test-report.schema.json} describes it. A field that is not known is null, never
 * left out.
 */
final class JsonReport {

    private final JsonGenerator json;

    private JsonReport(JsonGenerator json) {
        this.json = json;
    }

    static void write(TestReport test, Writer writer) throws IOException {
        JsonGenerator json = new JsonFactory()
                .createGenerator(writer)
                .configure(JsonGenerator.Feature.AUTO_CLOSE_TARGET, false)
                // What turns the direction of text round, or is not seen, is spelt out.
                .configure(JsonWriteFeature.ESCAPE_NON_ASCII.mappedFeature(), true)
                .setPrettyPrinter(new DefaultPrettyPrinter());
        try (json) {
            new JsonReport(json).test(test);
        }
        writer.write('\n');
    }

    private void test(TestReport test) throws IOException {
        json.writeStartObject();
        json.writeNumberField("version", 1);
        json.writeStringField("class", test.testClass());
        json.writeStringField("test", test.name());
        json.writeStringField("verdict", test.verdict().name());
        json.writeStringField("startedAt", test.startedAt().toString());
        json.writeNumberField("elapsedMillis", test.elapsed().toMillis());
        json.writeStringField("message", test.message());
        failure(FailureText.linesIn(test.message()));
        json.writeObjectFieldStart("daemon");
        json.writeStringField("endpoint", test.daemon().endpoint());
        json.writeStringField("engine", test.daemon().engine());
        texts("backends", test.daemon().backends());
        json.writeStringField("configuration", test.daemon().config());
        json.writeStringField("reader", test.daemon().reader());
        json.writeEndObject();
        texts("sent", test.sent());
        json.writeArrayFieldStart("flow");
        for (Station station : test.stations()) {
            station(station);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("lanes");
        for (Lane lane : test.lanes()) {
            json.writeStartObject();
            json.writeStringField("hook", lane.hook().name());
            chains("chains", lane.chains());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("addresses");
        for (Ribbon ribbon : test.ribbons()) {
            ribbon(ribbon);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("changes");
        for (RuleChange change : test.changes()) {
            json.writeStartObject();
            json.writeStringField("change", change.change().name());
            json.writeStringField("chain", change.chain());
            json.writeStringField("rule", change.rule());
            json.writeStringField("was", change.was());
            json.writeEndObject();
        }
        json.writeEndArray();
        texts("notes", test.notes());
        json.writeEndObject();
    }

    /** The same words as in the message, one by one. */
    private void failure(List<FailureText.Line> lines) throws IOException {
        texts(
                "causes",
                lines.stream()
                        .flatMap(line -> line.cause().stream())
                        .map(Cause::name)
                        .toList());
        json.writeArrayFieldStart("lines");
        for (FailureText.Line line : lines) {
            json.writeStartObject();
            json.writeStringField("label", line.label());
            json.writeStringField("text", line.text());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void station(Station station) throws IOException {
        json.writeStartObject();
        json.writeStringField("hook", station.hook().name());
        json.writeStringField("chain", station.chain());
        json.writeBooleanField("read", station.read());
        json.writeNumberField("moved", station.moved());
        json.writeBooleanField("crossed", station.crossed());
        json.writeStringField("stop", station.stop());
        json.writeEndObject();
    }

    private void chains(String field, List<WalkedChain> chains) throws IOException {
        json.writeArrayFieldStart(field);
        for (WalkedChain chain : chains) {
            json.writeStartObject();
            json.writeStringField("name", chain.name());
            json.writeStringField("policy", chain.policy());
            number("policyHits", chain.policyHits());
            json.writeNumberField("returned", chain.returned());
            json.writeArrayFieldStart("rules");
            for (WalkedRule rule : chain.rules()) {
                rule(rule);
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void rule(WalkedRule rule) throws IOException {
        json.writeStartObject();
        json.writeNumberField("position", rule.position());
        json.writeStringField("rule", rule.text());
        json.writeStringField("purpose", rule.purpose());
        number("before", rule.before());
        number("after", rule.after());
        number("hits", rule.hits());
        json.writeBooleanField("met", rule.met());
        json.writeStringField("unmet", rule.unmet());
        chains("calls", rule.calls());
        json.writeEndObject();
    }

    private void ribbon(Ribbon ribbon) throws IOException {
        json.writeStartObject();
        json.writeStringField("transport", ribbon.transport());
        json.writeStringField("outcome", ribbon.outcome());
        json.writeStringField("from", ribbon.from());
        json.writeStringField("to", ribbon.to());
        json.writeStringField("translatedTo", ribbon.translatedTo());
        json.writeStringField("seenFrom", ribbon.seenFrom());
        json.writeStringField("conntrack", ribbon.conntrack());
        json.writeNumberField("probes", ribbon.alike());
        json.writeEndObject();
    }

    private void texts(String field, List<String> texts) throws IOException {
        json.writeArrayFieldStart(field);
        for (String text : texts) {
            json.writeString(text);
        }
        json.writeEndArray();
    }

    private void number(String field, @Nullable Long value) throws IOException {
        if (value == null) {
            json.writeNullField(field);
        } else {
            json.writeNumberField(field, value);
        }
    }
}
