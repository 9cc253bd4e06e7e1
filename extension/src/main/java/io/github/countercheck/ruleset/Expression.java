// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.List;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** A value in a rule of nftables, fixed or read from the packet. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public sealed interface Expression {

    /** A header field: {@code ip saddr}, {@code tcp dport}, {@code th dport}. */
    record Payload(String protocol, String field) implements Expression {}

    /** What the kernel knows of the packet: {@code iifname}, {@code oifname}, {@code mark}, {@code l4proto}. */
    record Meta(String key) implements Expression {}

    /**
     * What conntrack knows of the flow: {@code ct state}, {@code ct original proto-dst}.
     *
     * @param key what is asked
     * @param direction {@code original} or {@code reply}, where the key needs one
     * @param family {@code ip} or {@code ip6}, where the key needs one
     */
    record Conntrack(
            String key,
            @Nullable String direction,
            @Nullable String family) implements Expression {}

    /**
     * A question to the routing table: {@code fib daddr . iif type}.
     *
     * @param inputs what is looked up
     * @param result what is asked: {@code type}, {@code oif}, {@code oifname}
     */
    record Fib(List<String> inputs, String result) implements Expression {
        /** Copies the inputs. */
        public Fib {
            inputs = List.copyOf(inputs);
        }
    }

    /** A fixed value as listed, without quotes: {@code 80}, {@code docker0}, {@code local}, {@code 172.17.0.2}. */
    record Value(String text) implements Expression {}

    /** A block of addresses. */
    record Prefix(Cidr net) implements Expression {}

    /** All from one value to another, both included. */
    record Range(Expression low, Expression high) implements Expression {}

    /** Several flags at once: {@code established,related}. */
    record Flags(List<Expression> values) implements Expression {
        /** Copies the values. */
        public Flags {
            values = List.copyOf(values);
        }
    }

    /** A set that is written in the rule: {@code { 80, 443 }}; of a map, with what each key leads to. */
    record AnonymousSet(List<NamedSet.Element> elements) implements Expression {
        /** Copies the elements. */
        public AnonymousSet {
            elements = List.copyOf(elements);
        }
    }

    /** A set or map of the table: {@code @blocked}. */
    record SetReference(String name) implements Expression {}

    /** Several values taken together: {@code ip saddr . tcp dport}. */
    record Concatenation(List<Expression> parts) implements Expression {
        /** Copies the parts. */
        public Concatenation {
            parts = List.copyOf(parts);
        }
    }

    /** {@code & | ^ << >>}. */
    record Binary(String operator, Expression left, Expression right) implements Expression {}

    /** What a key leads to: {@code tcp dport map @ports}. */
    record Lookup(Expression key, Expression map) implements Expression {}

    /** Anything else, as text. */
    record Other(String text) implements Expression {}
}
