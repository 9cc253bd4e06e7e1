// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Makes rulesets up, with names and texts that are hard to print. The same seed makes the same ruleset. */
public final class RandomRulesets {

    private static final String SEED_PROPERTY = "countercheck.seed";
    private static final List<String> HOSTILE = List.of(
            "",
            "!",
            "-",
            "--",
            "---",
            "-5",
            "-m",
            "-j",
            "--dport",
            "!-j",
            "a b",
            " ",
            "\t",
            "\"",
            "a\"b",
            "\"a\"",
            "\\",
            "a\\",
            "\\\"",
            "it's",
            "COMMIT",
            "*nat",
            ":X - [0:0]",
            "[0:0]",
            "# Warning: none",
            "two\nlines",
            "\n\"\n",
            "carriage\r\nreturn",
            "\r",
            "ü€😀",
            "\u0000\u0007",
            "\u2028",
            "[unsupported revision]");

    private final RandomGenerator random;

    public RandomRulesets(long seed) {
        random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }

    /** Draws seeds anew for each run; {@code -Dcountercheck.seed=} repeats one. */
    public static LongStream seeds(int count) {
        Long repeated = Long.getLong(SEED_PROPERTY);
        return repeated != null
                ? LongStream.of(repeated)
                : RandomGenerator.of("L64X128MixRandom").longs(count);
    }

    public RandomGenerator random() {
        return random;
    }

    public Ruleset ruleset() {
        Family family = pick(Family.IPV4, Family.IPV6);
        List<Table> tables = names(3, this::plainName).stream()
                .map(name -> table(name, family))
                .toList();
        return new Ruleset(family, pick(Backend.IPTABLES_NFT, Backend.IPTABLES_LEGACY), tables, warnings());
    }

    private List<String> warnings() {
        return some(
                2,
                () -> pick(
                        "Warning: iptables-legacy tables present, use iptables-legacy-save to see them",
                        "Table `nat' is incompatible, use 'nft' tool."));
    }

    private Table table(String name, Family family) {
        List<Chain> chains = names(5, this::chainName).stream()
                .map(chain -> new Chain(
                        name,
                        chain,
                        random.nextBoolean() ? null : pick(Policy.values()),
                        counter(),
                        some(8, () -> rule(family, name, chain))))
                .toList();
        return new Table(name, chains);
    }

    public Rule rule(Family family, String table, String chain) {
        Target target = random.nextInt(8) == 0
                ? null
                : new Target(
                        random.nextInt(4) == 0 ? text() : pick("ACCEPT", "DROP", "RETURN", "DNAT", "LOG", "DOCKER"),
                        random.nextInt(5) == 0,
                        options());
        return new Rule(table, chain, counter(), some(5, () -> match(family)), target);
    }

    private Match match(Family family) {
        boolean negated = random.nextInt(3) == 0;
        return switch (random.nextInt(8)) {
            case 0 -> new Match.Source(negated, cidr(family));
            case 1 -> new Match.Destination(negated, cidr(family));
            case 2 -> new Match.InInterface(negated, text());
            case 3 -> new Match.OutInterface(negated, pick("eth0", "docker0", "br-0123456789ab", "br+"));
            case 4 -> new Match.Protocol(negated, random.nextInt(4) == 0 ? text() : pick("tcp", "udp", "132"));
            case 5 -> new Match.Fragment(negated);
            case 6 ->
                new Match.IrregularNet(
                        negated,
                        random.nextBoolean(),
                        family == Family.IPV4 ? "10.0.2.0/255.0.255.0" : "fd00::1/ffff::ffff");
            default -> new Match.Module(random.nextInt(4) == 0 ? text() : pick("tcp", "comment", "set"), options());
        };
    }

    private List<Option> options() {
        List<Option> options = new ArrayList<>();
        if (random.nextInt(12) == 0) {
            options.add(new Option(false, "", nonEmpty()));
        }
        options.addAll(some(3, () -> {
            boolean negated = random.nextInt(4) == 0;
            return switch (random.nextInt(4)) {
                case 0 -> new Option(negated, pick("--comment", "--log-prefix", "--string", "--path"), List.of(text()));
                case 1 -> new Option(negated, pick("--u32", "--comment", "--helper"), nonEmpty());
                case 2 -> new Option(negated, pick("--syn", "--rsource", "--x\"y", "--a'b", "--é"), List.of());
                default -> new Option(negated, pick("--dport", "--to-destination", "--match-set"), some(3, this::text));
            };
        }));
        return options;
    }

    private List<String> nonEmpty() {
        return Stream.concat(Stream.of(text()), some(2, this::text).stream()).toList();
    }

    private @Nullable Counter counter() {
        return switch (random.nextInt(4)) {
            case 0 -> null;
            case 1 -> Counter.ZERO;
            case 2 -> new Counter(random.nextInt(1000), random.nextInt(100_000));
            default -> new Counter(random.nextLong() >>> 1, random.nextLong() >>> 1);
        };
    }

    public Cidr cidr(Family family) {
        byte[] bytes = new byte[family == Family.IPV4 ? 4 : 16];
        random.nextBytes(bytes);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = random.nextInt(3) == 0 ? bytes[i] : 0;
        }
        if (bytes.length == 16 && random.nextInt(4) == 0) {
            bytes = new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 10, 0, bytes[14], bytes[15]};
        }
        try {
            InetAddress address =
                    bytes.length == 4 ? InetAddress.getByAddress(bytes) : Inet6Address.getByAddress(null, bytes, -1);
            return new Cidr(address, random.nextInt(bytes.length * 8 + 1));
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    private String text() {
        if (random.nextBoolean()) {
            return pick(HOSTILE.toArray(String[]::new));
        }
        if (random.nextBoolean()) {
            return Integer.toString(random.nextInt(65_536));
        }
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(4); i >= 0; i--) {
            text.append(pick(HOSTILE.toArray(String[]::new)));
        }
        return text.toString();
    }

    private String plainName() {
        return pick("filter", "nat", "raw", "mangle", "security", "t" + random.nextInt(100));
    }

    private String chainName() {
        return pick("INPUT", "FORWARD", "DOCKER", "A\"B", "\"A", "!", "-m", "a\\b", "é'", "C" + random.nextInt(100));
    }

    private Set<String> names(int limit, Supplier<String> name) {
        return new LinkedHashSet<>(some(limit, name));
    }

    private <T> List<T> some(int limit, Supplier<T> element) {
        return Stream.generate(element).limit(random.nextInt(limit + 1)).toList();
    }

    @SafeVarargs
    private <T> T pick(T... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
