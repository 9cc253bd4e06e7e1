// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import java.util.List;

/** What an expression of nftables has for value, as far as that is known. */
sealed interface NftValue {

    /** What fixed values of a rule mean beside it. */
    enum Type {
        ADDRESS,
        PORT,
        PROTOCOL,
        ICMP_TYPE,
        NUMBER,
        DEVICE,
        WORD,
        STATE,
        STATUS,
        TCP_FLAGS
    }

    /** A number, port or address. */
    record Numeric(Type type, Span span) implements NftValue {}

    /** A mark or flags. */
    record Flags(Type type, Bits bits) implements NftValue {}

    /** A device or another name; any of the words will do. */
    record Text(Type type, List<String> words) implements NftValue {

        static Text of(String... words) {
            return new Text(Type.WORD, List.of(words));
        }
    }

    /** The device that the packet goes out by, which is not known. */
    record OutDevice() implements NftValue {}

    /** What an address is to the host; asked of one device where the inputs name one. */
    record Address(boolean source, List<String> inputs) implements NftValue {}

    /** Several values together. */
    record Tuple(List<NftValue> parts) implements NftValue {}

    /** The packet has no such thing, so that the rule ends here, whatever it compares with. */
    record Absent() implements NftValue {}

    /** Not known. */
    record Open(String reason) implements NftValue {}
}
