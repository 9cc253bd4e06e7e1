// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.explain;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A command line.
 *
 * @param dumps the listings to explain; {@code -} is standard input
 * @param after later listings of the same host
 * @param containers what {@code docker inspect} printed, or null
 * @param networks what {@code docker network inspect} printed, or null
 * @param walk the packet to walk, or null
 * @param json whether to print JSON
 * @param help whether only the usage is wanted
 */
record Arguments(
        List<String> dumps,
        List<String> after,
        @Nullable String containers,
        @Nullable String networks,
        @Nullable String walk,
        boolean json,
        boolean help) {

    static final String USAGE = """
            usage: explain DUMP... [--after DUMP...] [--containers FILE] [--networks FILE] [--walk PACKET] [--json]

            Tells what each rule of a dump is for: table, chain, role, container, network, port, counters. A dump is what
            iptables-save [-c], ip6tables-save [-c] or nft -j list ruleset printed; they are told apart by content, and
            several are explained together. - is standard input.

              --after DUMP...    later dumps of the same host: adds what each rule counted in between, and what became of it
              --containers FILE  what `docker inspect CONTAINER...` printed
              --networks FILE    what `docker network inspect NETWORK...` printed
              --walk PACKET      walks one packet instead, and names the rule that decides:
                                 "tcp 203.0.113.20:40000 -> 203.0.113.10:8080 iif eth0"
                                 further words: oif DEVICE, state NEW|ESTABLISHED|..., mark NUMBER, dst-type LOCAL|UNICAST
              --json             prints JSON: an array with an object for each rule, in dump order; of a walk one object

            Exit status: 0, or 2 if the command line or a dump cannot be read.
            """;

    /**
     * Reads a command line.
     *
     * @throws UsageException if it is none
     */
    static Arguments parse(List<String> words) {
        List<String> dumps = new ArrayList<>();
        List<String> after = new ArrayList<>();
        String containers = null;
        String networks = null;
        String walk = null;
        boolean json = false;
        boolean help = false;
        boolean options = true;
        boolean afterwards = false;
        for (Iterator<String> rest = words.iterator(); rest.hasNext(); ) {
            String word = rest.next();
            if (!options || !word.startsWith("-") || word.equals("-")) {
                (afterwards ? after : dumps).add(word);
                continue;
            }
            switch (word) {
                case "--" -> options = false;
                case "--after" -> afterwards = true;
                case "--containers" -> containers = value(word, rest);
                case "--networks" -> networks = value(word, rest);
                case "--walk" -> walk = value(word, rest);
                case "--json" -> json = true;
                case "--help", "-h" -> help = true;
                default -> throw new UsageException("unknown option " + word + "; --help lists them");
            }
        }
        if (!help && dumps.isEmpty()) {
            throw new UsageException("no dump was named; --help tells how to use it");
        }
        if (afterwards && after.isEmpty()) {
            throw new UsageException("--after needs a dump");
        }
        if (walk != null && !after.isEmpty()) {
            throw new UsageException(
                    "--walk and --after do not go together: a packet is walked through one moment's rules");
        }
        long standardInputs = dumps.stream().filter("-"::equals).count()
                + after.stream().filter("-"::equals).count();
        if (standardInputs > 1) {
            throw new UsageException("standard input can be read once only");
        }
        return new Arguments(List.copyOf(dumps), List.copyOf(after), containers, networks, walk, json, help);
    }

    private static String value(String option, Iterator<String> rest) {
        if (!rest.hasNext()) {
            throw new UsageException(option + " needs a value");
        }
        return rest.next();
    }
}
