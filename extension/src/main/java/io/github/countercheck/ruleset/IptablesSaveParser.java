// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Reads what {@code iptables-save}, {@code ip6tables-save} and their {@code -nft} and {@code -legacy} forms print, with
 * or without {@code -c}, and one table of {@code iptables -v -S}.
 *
 * <p>Matches and targets that it does not know are kept word by word. Comments are dropped, but what the tool says about
 * its own output becomes {@link Ruleset#warnings()}.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class IptablesSaveParser {

    /** More than the kernel keeps of any text, so that a quote that is open so long was never closed. */
    private static final int LONGEST_QUOTE = 4096;

    private final Family family;
    private final Backend backend;
    private final @Nullable RuleMemory memory;
    private final boolean listed;
    private @Nullable ParseException failure;
    private final List<Table> tables = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();

    private int lineNumber;
    private final StringBuilder pending = new StringBuilder();
    private int pendingLine;
    private int pendingQuote = -1;

    private @Nullable String table;
    private String tableLine = "";
    private int tableLineNumber;
    private Map<String, OpenChain> chains = new LinkedHashMap<>();
    private @Nullable OpenChain lastChain;
    private RuleMemory.@Nullable OfTable remembered;

    private IptablesSaveParser(Family family, Backend backend, @Nullable RuleMemory memory, boolean listed) {
        this.family = family;
        this.backend = backend;
        this.memory = memory;
        this.listed = listed;
    }

    /**
     * Begins to read a listing that is handed over {@linkplain #line line by line}.
     *
     * @param family which of {@code iptables} and {@code ip6tables} prints it
     * @param backend which of their two forms prints it
     * @param memory what was read before, and is taken over where a line says the same
     */
    @API(status = API.Status.INTERNAL, since = "0.1")
    public static IptablesSaveParser begin(Family family, Backend backend, RuleMemory memory) {
        return new IptablesSaveParser(family, backend, memory, false);
    }

    /**
     * Begins to read one table as {@code iptables -t TABLE -v -S} lists it.
     *
     * @param family which of {@code iptables} and {@code ip6tables} prints it
     * @param backend which of their two forms prints it
     * @param table its name, which the listing does not say
     * @param memory what was read before, and is taken over where a line says the same
     */
    @API(status = API.Status.INTERNAL, since = "0.1")
    public static IptablesSaveParser beginListed(Family family, Backend backend, String table, RuleMemory memory) {
        IptablesSaveParser parser = new IptablesSaveParser(family, backend, memory, true);
        parser.startTable("*" + table, 0);
        return parser;
    }

    /** Takes the next line without its end. What is wrong with it is said at the {@linkplain #end end}. */
    @API(status = API.Status.INTERNAL, since = "0.1")
    public void line(String line) {
        if (failure == null) {
            try {
                rawLine(line);
            } catch (ParseException e) {
                failure = e;
            }
        }
    }

    /**
     * Ends the reading.
     *
     * @throws ParseException if the lines are no complete listing
     */
    @API(status = API.Status.INTERNAL, since = "0.1")
    public Ruleset end() {
        if (failure != null) {
            throw failure;
        }
        if (listed && pendingQuote < 0) {
            commit("", lineNumber);
        }
        return finish();
    }

    /**
     * Reads a whole listing. Empty text is an empty ruleset, as the tools print it where no table was ever used.
     *
     * @param family which of {@code iptables} and {@code ip6tables} printed it
     * @param backend which of their two forms printed it
     * @throws ParseException if the text is no complete listing
     */
    public static Ruleset parse(Family family, Backend backend, String text) {
        IptablesSaveParser parser = new IptablesSaveParser(family, backend, null, false);
        int from = 0;
        while (from < text.length()) {
            int end = text.indexOf('\n', from);
            end = end < 0 ? text.length() : end;
            parser.rawLine(text.substring(from, end));
            from = end + 1;
        }
        return parser.finish();
    }

    /**
     * Reads a listing line by line while it comes, for instance {@code reader.lines()::iterator}.
     *
     * @param family which of {@code iptables} and {@code ip6tables} printed it
     * @param backend which of their two forms printed it
     * @param lines the lines without their ends; each is asked for once, the next one only when it is needed
     * @throws ParseException if the lines are no complete listing
     */
    public static Ruleset parse(Family family, Backend backend, Iterable<String> lines) {
        IptablesSaveParser parser = new IptablesSaveParser(family, backend, null, false);
        for (String line : lines) {
            parser.rawLine(line);
        }
        return parser.finish();
    }

    /** Puts the lines of a quoted text with line ends in it together again: the tools print them raw. */
    private void rawLine(String raw) {
        lineNumber++;
        int quote;
        if (pendingQuote < 0) {
            if (raw.indexOf('"') < 0 || raw.charAt(0) == '#') {
                line(raw, lineNumber);
                return;
            }
            quote = Words.openQuote(raw, 0);
            if (quote < 0) {
                line(raw, lineNumber);
                return;
            }
            pending.append(raw);
            pendingLine = lineNumber;
            pendingQuote = quote;
            return;
        }
        int offset = pending.append('\n').length();
        pending.append(raw);
        int close = Words.closingQuote(raw, 0);
        if (close >= 0) {
            quote = Words.openQuote(raw, close + 1);
            if (quote < 0) {
                String joined = pending.toString();
                pending.setLength(0);
                pendingQuote = -1;
                line(joined, pendingLine);
                return;
            }
            pendingQuote = offset + quote;
        }
        if (pending.length() - pendingQuote > LONGEST_QUOTE) {
            throw unterminated();
        }
    }

    private ParseException unterminated() {
        return Words.error(pending.toString(), pendingLine, pendingQuote, "unterminated quote");
    }

    private Ruleset finish() {
        if (pendingQuote >= 0) {
            throw unterminated();
        }
        if (table != null) {
            throw notCommitted();
        }
        return new Ruleset(family, backend, tables, warnings);
    }

    private ParseException notCommitted() {
        return new ParseException("table " + table + " has no COMMIT", tableLineNumber, 1, tableLine);
    }

    private void line(String printed, int number) {
        if (printed.isBlank()) {
            return;
        }
        String line = listed ? ListedLine.asSaved(printed, number) : printed;
        switch (line.charAt(0)) {
            case '#' -> comment(line);
            case '*' -> startTable(line, number);
            case ':' -> chain(line, number);
            case '[', '-' -> rule(line, number);
            default -> {
                if (!line.stripTrailing().equals("COMMIT")) {
                    throw new ParseException("neither a table, a chain, a rule nor COMMIT", number, 1, line);
                }
                commit(line, number);
            }
        }
    }

    private void comment(String line) {
        String text = line.substring(1).strip();
        boolean warning = text.startsWith("Warning:")
                || (text.startsWith("Table `") && text.contains("' is incompatible, use 'nft' tool"));
        if (warning) {
            warnings.add(text);
        }
    }

    private void startTable(String line, int number) {
        if (table != null) {
            throw notCommitted();
        }
        String name = line.substring(1).stripTrailing();
        if (name.isEmpty() || hasSpace(name)) {
            throw new ParseException("expected the name of a table", number, 2, line);
        }
        for (Table earlier : tables) {
            if (earlier.name().equals(name)) {
                throw new ParseException("table " + name + " was there before", number, 2, line);
            }
        }
        table = name;
        remembered = memory == null ? null : memory.open(family, backend, name);
        tableLine = line;
        tableLineNumber = number;
    }

    private static boolean hasSpace(String name) {
        return spaceOrEnd(name, 0) < name.length();
    }

    private void chain(String line, int number) {
        String inTable = requireTable(line, number);
        int nameEnd = spaceOrEnd(line, 1);
        String name = line.substring(1, nameEnd);
        if (name.isEmpty()) {
            throw new ParseException("expected the name of a chain", number, 2, line);
        }
        int policyStart = skipSpace(line, nameEnd);
        int policyEnd = spaceOrEnd(line, policyStart);
        Policy policy = policy(line, number, policyStart, policyEnd);
        int counterStart = skipSpace(line, policyEnd);
        Counter counter = null;
        int end = counterStart;
        if (counterStart < line.length() && line.charAt(counterStart) == '[') {
            end = counterEnd(line, number, counterStart);
            counter = counter(line, number, counterStart, end);
            end = skipSpace(line, end);
        }
        if (end < line.length()) {
            throw new ParseException("text behind the chain's policy", number, end + 1, line);
        }
        OpenChain chain = new OpenChain(inTable, name, policy, counter);
        if (chains.putIfAbsent(name, chain) != null) {
            throw new ParseException("chain " + name + " was there before", number, 2, line);
        }
    }

    private static @Nullable Policy policy(String line, int number, int start, int end) {
        return switch (line.substring(start, end)) {
            case "-" -> null;
            case "ACCEPT" -> Policy.ACCEPT;
            case "DROP" -> Policy.DROP;
            case "QUEUE" -> Policy.QUEUE;
            default -> throw new ParseException("expected ACCEPT, DROP, QUEUE or - as policy", number, start + 1, line);
        };
    }

    private void rule(String line, int number) {
        requireTable(line, number);
        Counter counter = null;
        int start = 0;
        if (line.charAt(0) == '[') {
            int end = counterEnd(line, number, 0);
            counter = counter(line, number, 0, end);
            start = skipSpace(line, end);
            if (start == end) {
                throw new ParseException("damaged counters", number, end + 1, line);
            }
        }
        if (!line.startsWith("-A", start) || (start + 2 < line.length() && !Words.isSpace(line.charAt(start + 2)))) {
            throw new ParseException("expected -A", number, start + 1, line);
        }
        RuleMemory.OfTable known = remembered;
        if (known == null) {
            read(line, number, start, counter);
            return;
        }
        String spec = line.substring(start);
        Rule rule = known.find(spec);
        OpenChain chain = rule == null ? null : chainOf(rule);
        if (rule == null || chain == null) {
            known.keep(spec, read(line, number, start, counter));
        } else {
            Rule same = Objects.equals(rule.counter(), counter) ? rule : rule.withCounter(counter);
            chain.rules.add(same);
            known.keep(spec, same);
        }
    }

    private @Nullable OpenChain chainOf(Rule rule) {
        OpenChain chain = lastChain;
        if (chain == null || !chain.name.equals(rule.chain())) {
            chain = chains.get(rule.chain());
            lastChain = chain;
        }
        return chain;
    }

    private Rule read(String line, int number, int start, @Nullable Counter counter) {
        Words words = new Words(line, number, start + 2);
        if (!words.present()) {
            throw words.errorHere("expected the name of a chain");
        }
        OpenChain chain = lastChain;
        if (chain == null || !words.is(chain.name)) {
            chain = chains.get(words.word());
            if (chain == null) {
                throw words.errorHere("chain " + words.word() + " was not declared");
            }
            lastChain = chain;
        }
        words.advance();
        Rule rule = RuleReader.read(words, family, chain.table, chain.name, counter);
        chain.rules.add(rule);
        return rule;
    }

    private void commit(String line, int number) {
        String name = requireTable(line, number);
        List<Chain> closed = new ArrayList<>(chains.size());
        for (OpenChain chain : chains.values()) {
            closed.add(new Chain(chain.table, chain.name, chain.policy, chain.counter, chain.rules));
        }
        tables.add(new Table(name, closed));
        if (remembered != null) {
            remembered.close();
            remembered = null;
        }
        table = null;
        chains = new LinkedHashMap<>();
        lastChain = null;
    }

    private String requireTable(String line, int number) {
        if (table == null) {
            throw new ParseException("no table was started", number, 1, line);
        }
        return table;
    }

    private static int counterEnd(String line, int number, int start) {
        int end = line.indexOf(']', start);
        if (end < 0) {
            throw new ParseException("damaged counters", number, start + 1, line);
        }
        return end + 1;
    }

    private static Counter counter(String line, int number, int start, int end) {
        int colon = line.indexOf(':', start);
        if (colon < 0 || colon >= end) {
            throw new ParseException("damaged counters", number, start + 1, line);
        }
        long packets = number(line, number, start + 1, colon);
        long bytes = number(line, number, colon + 1, end - 1);
        return packets == 0 && bytes == 0 ? Counter.ZERO : new Counter(packets, bytes);
    }

    private static long number(String line, int number, int start, int end) {
        long value = 0;
        for (int i = start; i < end; i++) {
            int digit = line.charAt(i) - '0';
            if (digit < 0 || digit > 9 || value > (Long.MAX_VALUE - digit) / 10) {
                throw new ParseException("damaged counters", number, i + 1, line);
            }
            value = value * 10 + digit;
        }
        if (start == end) {
            throw new ParseException("damaged counters", number, start + 1, line);
        }
        return value;
    }

    private static int spaceOrEnd(String line, int from) {
        int i = from;
        while (i < line.length() && !Words.isSpace(line.charAt(i))) {
            i++;
        }
        return i;
    }

    private static int skipSpace(String line, int from) {
        int i = from;
        while (i < line.length() && Words.isSpace(line.charAt(i))) {
            i++;
        }
        return i;
    }

    private static final class OpenChain {
        final String table;
        final String name;
        final @Nullable Policy policy;
        final @Nullable Counter counter;
        final List<Rule> rules = new ArrayList<>();

        OpenChain(String table, String name, @Nullable Policy policy, @Nullable Counter counter) {
            this.table = table;
            this.name = name;
            this.policy = policy;
            this.counter = counter;
        }
    }
}
