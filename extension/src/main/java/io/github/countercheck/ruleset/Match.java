// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.List;
import java.util.Optional;
import org.apiguardian.api.API;

/** One condition of a rule. A packet meets the rule when it meets all of them, in order. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public sealed interface Match {

    /** {@code [!] -s net}. */
    record Source(boolean negated, Cidr net) implements Match {}

    /** {@code [!] -d net}. */
    record Destination(boolean negated, Cidr net) implements Match {}

    /**
     * {@code [!] -s net} or {@code [!] -d net} with a mask that is no prefix: {@code 10.0.2.0/255.0.255.0}.
     *
     * @param negated whether {@code !} stands before it
     * @param source whether it is {@code -s}
     * @param net address and mask as written
     */
    record IrregularNet(boolean negated, boolean source, String net) implements Match {}

    /** {@code [!] -i name}; a trailing {@code +} stands for any ending. */
    record InInterface(boolean negated, String name) implements Match {}

    /** {@code [!] -o name}; a trailing {@code +} stands for any ending. */
    record OutInterface(boolean negated, String name) implements Match {}

    /** {@code [!] -p name}: {@code tcp}, {@code udp}, …, or a number that has no name. */
    record Protocol(boolean negated, String name) implements Match {}

    /** {@code [!] -f}: second and further fragments. */
    record Fragment(boolean negated) implements Match {}

    /**
     * {@code -m name --option value…}: a match extension, known or not, with its options as written.
     *
     * @param name the extension, {@code conntrack}
     * @param options its options in order
     */
    record Module(String name, List<Option> options) implements Match {

        /** Copies the options. */
        public Module {
            options = List.copyOf(options);
        }

        /** Returns the first option of that name, {@code --ctstate}. */
        public Optional<Option> option(String optionName) {
            return options.stream().filter(o -> o.name().equals(optionName)).findFirst();
        }
    }

    /**
     * A condition of nftables: {@code ip saddr != 172.17.0.0/16}.
     *
     * @param left what is asked of the packet
     * @param operator {@code ==}, {@code !=}, {@code <}, {@code <=}, {@code >}, {@code >=}, {@code in} where
     *     one of these flags must be set, or {@code !} where none may be
     * @param right what it is compared with
     */
    record Comparison(Expression left, String operator, Expression right) implements Match {}
}
