// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import io.github.countercheck.ruleset.JsonText.UnreadException;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads the rules of one table, and understands only what was not said before: neither by the same rule in the last listing, nor
 * by another one in this. What a statement says is looked up by its text.
 */
final class NftRuleReader {

    private static final char[] COMMENT = ", \"comment\": ".toCharArray();
    private static final char[] STATEMENTS = ", \"expr\": [".toCharArray();
    private static final char[] NEXT = ", ".toCharArray();
    private static final char[] END = "]}}".toCharArray();
    private static final char[] COUNTER = "{\"counter\": {\"packets\": ".toCharArray();
    private static final char[] BYTES = ", \"bytes\": ".toCharArray();
    private static final NftPart[] NONE = {};

    private static final int FEWEST_SLOTS = 1 << 6;
    private static final int MOST_SLOTS = 1 << 14;

    /** Of a statement, or less. */
    private static final int USUAL_LENGTH = 64;

    private final String table;
    private final Family family;
    private final NftStatements statements;
    private final Shared shared;
    private final Function<String, ParseException> problems;
    private final RuleMemory.OfNftTable memory;

    /** By their text; of several that share a place only the last is kept, so that no input can make it slow. */
    private final NftPart[] partsByText;

    /** What is in the same place there, so that another text is seldom looked at. */
    private final int[] hashes;

    /** By their parts, in the same way. */
    private final NftBody[] bodies;

    private @Nullable NftBody last;
    private boolean hasExtensions;

    /** The rule that is being read. */
    private NftPart[] parts = new NftPart[8];

    private @Nullable Counter[] counters = new @Nullable Counter[8];
    private int count;
    private boolean isNew;

    /**
     * Makes a reader.
     *
     * @param problems makes an error at the rule that is being read
     * @param length of the listing, by which it is prepared for as many rules
     */
    NftRuleReader(
            String table,
            Family family,
            NftStatements statements,
            Shared shared,
            Function<String, ParseException> problems,
            RuleMemory.OfNftTable memory,
            int length) {
        this.table = table;
        this.family = family;
        this.statements = statements;
        this.shared = shared;
        this.problems = problems;
        this.memory = memory;
        int slots = Integer.highestOneBit(Math.max(FEWEST_SLOTS, Math.min(length / USUAL_LENGTH, MOST_SLOTS)));
        this.partsByText = new NftPart[slots];
        this.hashes = new int[slots];
        this.bodies = new NftBody[slots];
    }

    /** Tells whether a rule holds an extension of iptables. */
    boolean hasExtensions() {
        return hasExtensions;
    }

    /** Ends the reading. */
    void close() {
        memory.close();
    }

    /**
     * Reads a rule of that chain from its handle to its end.
     *
     * @throws UnreadException if it is not written as nft writes it
     */
    Rule rule(String chain, JsonText json) throws UnreadException {
        count = 0;
        isNew = false;
        long handle = json.number();
        RuleMemory.OfNftTable.Remembered before = memory.find(handle);
        NftBody likely = before == null ? last : before.body();
        NftPart[] expected = likely == null ? NONE : likely.parts();
        String comment = json.take(COMMENT) ? json.name() : null;
        json.expect(STATEMENTS);
        if (!json.take(END)) {
            do {
                part(json, count < expected.length ? expected[count] : NftPart.COUNTER);
            } while (json.take(NEXT));
            json.expect(END);
        }
        return rule(chain, handle, comment, likely, before);
    }

    /** Makes a rule of that chain of its JSON. */
    Rule rule(String chain, JsonObject json) {
        count = 0;
        isNew = false;
        for (Object part : json.list("expr")) {
            Statement statement = shared.one(statements.statement(part, family));
            NftPart read = NftPart.of(statement, part, NftPart.UNKNOWN);
            add(read, read == NftPart.COUNTER ? counter(part) : null);
        }
        return rule(chain, json.number("handle", 0), json.text("comment"), null, null);
    }

    private @Nullable Counter counter(@Nullable Object part) {
        JsonObject body = part instanceof JsonObject object ? object.object("counter") : null;
        Counter counter = NftStatements.counter(body);
        if (body != null && counter == null) {
            throw problems.apply("damaged counters");
        }
        return counter;
    }

    private Rule rule(
            String chain,
            long handle,
            @Nullable String comment,
            @Nullable NftBody likely,
            RuleMemory.OfNftTable.@Nullable Remembered before) {
        NftBody body = likely != null && likely.is(parts, count, comment) ? likely : body(comment);
        Counter counter = body.counts() < 0 ? null : counters[body.counts()];
        Rule rule =
                before != null && before.body() == body && before.rule().chain().equals(chain)
                        ? counted(before.rule(), counter)
                        : body.rule(table, chain, handle, counter);
        hasExtensions |= body.hasExtensions();
        last = body;
        memory.keep(handle, rule, body);
        return rule;
    }

    private static Rule counted(Rule rule, @Nullable Counter counter) {
        return Objects.equals(rule.counter(), counter) ? rule : rule.withCounter(counter);
    }

    private NftBody body(@Nullable String comment) {
        if (isNew) {
            return new NftBody(Arrays.copyOf(parts, count), comment);
        }
        int hash = Objects.hashCode(comment);
        for (int i = 0; i < count; i++) {
            hash = 31 * hash + parts[i].text().hashCode();
        }
        int slot = (hash ^ (hash >>> 14)) & (bodies.length - 1);
        NftBody body = bodies[slot];
        if (body == null || !body.is(parts, count, comment)) {
            body = new NftBody(Arrays.copyOf(parts, count), comment);
            bodies[slot] = body;
        }
        return body;
    }

    private void part(JsonText json, NftPart expected) throws UnreadException {
        int inCommon = expected.isKnown() ? json.inCommon(expected.json()) : 0;
        if (expected.isKnown() && inCommon == expected.json().length) {
            json.skip(inCommon);
            add(expected, null);
        } else if (json.take(COUNTER)) {
            long packets = json.number();
            json.expect(BYTES);
            long bytes = json.number();
            json.expect(NftPart.END);
            add(NftPart.COUNTER, packets == 0 && bytes == 0 ? Counter.ZERO : new Counter(packets, bytes));
        } else {
            otherPart(json, expected, inCommon);
        }
    }

    private void otherPart(JsonText json, NftPart expected, int inCommon) throws UnreadException {
        int from = json.place();
        Object value = null;
        // Most differ from the same part of the rule before in no more than an address or a port.
        int valueAt = expected.valueAt();
        if (valueAt > 0 && inCommon >= valueAt && json.isScalar(valueAt)) {
            json.skip(valueAt);
            value = json.value();
            json.expect(NftPart.END);
        } else {
            json.goTo(from);
            json.skipObject();
        }
        int hash = json.hashSince(from);
        int slot = (hash ^ (hash >>> 14)) & (partsByText.length - 1);
        NftPart part = partsByText[slot];
        if (part == null || hashes[slot] != hash || !json.isSince(from, part.json())) {
            char[] text = json.since(from);
            if (value == null) {
                json.goTo(from);
                Object read = json.value();
                part = NftPart.of(statements.statement(read, family), read, text);
            } else {
                part = expected.withValue(value, text, statements);
            }
            if (part == NftPart.COUNTER) {
                throw JsonText.unread();
            }
            partsByText[slot] = part;
            hashes[slot] = hash;
            isNew = true;
        }
        add(part, null);
    }

    private void add(NftPart part, @Nullable Counter counter) {
        if (count == parts.length) {
            parts = Arrays.copyOf(parts, 2 * count);
            counters = Arrays.copyOf(counters, 2 * count);
        }
        parts[count] = part;
        counters[count++] = counter;
    }
}
