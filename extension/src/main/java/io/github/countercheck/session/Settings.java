// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.session;

import io.github.countercheck.CountercheckException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * How to measure.
 *
 * @param required whether a test that cannot be measured fails instead of being skipped ({@code countercheck.required})
 * @param reader how the rules are read ({@code countercheck.reader})
 * @param await how long an assertion waits for its hit ({@code countercheck.await})
 * @param walk when the walk of a test's packets is logged ({@code countercheck.walk})
 * @param report whether reports are written ({@code countercheck.report})
 * @param watch whether the rules that move are printed as the tests run ({@code countercheck.watch})
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record Settings(boolean required, Reader reader, Duration await, Walk walk, boolean report, boolean watch) {

    /** How the rules are read. */
    public enum Reader {
        /** Locally where that is possible, else from a container. */
        AUTO,
        /** As root on the daemon's host. */
        LOCAL,
        /** From a container in the daemon's network. */
        TOOLBOX
    }

    /** When the walk is logged. */
    public enum Walk {
        /** Only as part of a failure. */
        FAILURE,
        /** After each test. */
        ALWAYS
    }

    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})\\s*(ms|s|m)");

    /**
     * Reads the settings.
     *
     * @param lookup returns the value of a {@code countercheck.…} key, if there is one
     * @throws CountercheckException if a value is not one of those that the key takes
     */
    public static Settings from(Function<String, Optional<String>> lookup) {
        return new Settings(
                lookup.apply("countercheck.required")
                        .map(v -> parseBoolean("countercheck.required", v))
                        .orElse(false),
                lookup.apply("countercheck.reader")
                        .map(v -> parse(Reader.class, "countercheck.reader", v))
                        .orElse(Reader.AUTO),
                lookup.apply("countercheck.await").map(Settings::parseDuration).orElse(Duration.ofSeconds(2)),
                lookup.apply("countercheck.walk")
                        .map(v -> parse(Walk.class, "countercheck.walk", v))
                        .orElse(Walk.FAILURE),
                lookup.apply("countercheck.report")
                        .map(v -> parseBoolean("countercheck.report", v))
                        .orElse(true),
                lookup.apply("countercheck.watch")
                        .map(v -> parseBoolean("countercheck.watch", v))
                        .orElse(false));
    }

    /** Returns the environment variable of a key: {@code countercheck.await} is {@code COUNTERCHECK_AWAIT}. */
    public static String environmentName(String key) {
        return key.toUpperCase(Locale.ROOT).replace('.', '_');
    }

    private static boolean parseBoolean(String key, String value) {
        return switch (value.strip().toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw wrong(key, value, "true or false");
        };
    }

    private static <E extends Enum<E>> E parse(Class<E> type, String key, String value) {
        return Arrays.stream(type.getEnumConstants())
                .filter(constant -> constant.name().equalsIgnoreCase(value.strip()))
                .findFirst()
                .orElseThrow(() -> wrong(
                        key,
                        value,
                        Arrays.stream(type.getEnumConstants())
                                .map(constant -> constant.name().toLowerCase(Locale.ROOT))
                                .collect(Collectors.joining(" or "))));
    }

    /**
     * Reads {@code 500ms}, {@code 2s}, {@code 1m}.
     *
     * @throws CountercheckException if the text is not such a duration
     */
    public static Duration parseDuration(String value) {
        Matcher matcher = DURATION.matcher(value.strip());
        if (!matcher.matches()) {
            throw wrong("countercheck.await", value, "a number with ms, s or m, such as 2s");
        }
        long number = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(number);
            case "s" -> Duration.ofSeconds(number);
            default -> Duration.ofMinutes(number);
        };
    }

    private static CountercheckException wrong(String key, String value, String takes) {
        return new CountercheckException(key + " is '" + value + "'", "set it to " + takes);
    }
}
