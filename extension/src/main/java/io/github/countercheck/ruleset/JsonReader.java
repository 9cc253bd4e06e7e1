// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** Reads the objects of a JSON text one after the other, so that only one is held at a time. */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class JsonReader {

    /** Twice what a rule with sets in a concatenation in a map needs. */
    private static final int DEEPEST = 64;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build())
            .build();

    /** Takes one object of the listing. */
    interface Sink {
        /**
         * Takes it.
         *
         * @param kind its only key, {@code rule}
         * @param object what the key leads to
         */
        void accept(String kind, JsonObject object);
    }

    private final String text;
    private final JsonParser parser;
    private JsonLocation object = JsonLocation.NA;

    /** Makes a reader that has read nothing yet. */
    public JsonReader(String text) {
        this.text = text;
        try {
            this.parser = FACTORY.createParser(new StringReader(text));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read from memory", e);
        }
    }

    /** Makes an error at the object that the sink was given last. */
    public ParseException error(String problem) {
        return error(problem, object);
    }

    private ParseException error(String problem, JsonLocation place) {
        int line = Math.max(1, place.getLineNr());
        int column = Math.max(1, place.getColumnNr());
        int start = Math.max(0, Math.min(text.length(), (int) place.getCharOffset() - column + 1));
        int end = text.indexOf('\n', start);
        return new ParseException(problem, line, column, text.substring(start, end < 0 ? text.length() : end));
    }

    /**
     * Reads a text that is an array of objects, or one object only.
     *
     * @param sink takes the objects in order, and may ask for the place of the one that it was given last
     * @throws ParseException if the text is neither
     */
    public void forEachElement(Consumer<JsonObject> sink) {
        try {
            elements(sink);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /**
     * Reads a whole listing of nft.
     *
     * @param sink takes its objects in order, and may ask for the place of the one that it was given last
     * @throws ParseException if the text is no listing
     */
    void forEach(Sink sink) {
        try {
            listing(sink);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private RuntimeException unreadable(IOException e) {
        if (e instanceof JsonProcessingException json) {
            JsonLocation place = json.getLocation();
            return error(
                    "no JSON: " + json.getOriginalMessage().lines().findFirst().orElse(""),
                    place == null ? JsonLocation.NA : place);
        }
        return new UncheckedIOException("cannot read from memory", e);
    }

    private void elements(Consumer<JsonObject> sink) throws IOException {
        boolean several = parser.nextToken() == JsonToken.START_ARRAY;
        if (several) {
            parser.nextToken();
        }
        while (parser.currentToken() != JsonToken.END_ARRAY) {
            expect(parser.currentToken(), JsonToken.START_OBJECT);
            JsonLocation start = parser.currentTokenLocation();
            Object value = value();
            object = start;
            if (value instanceof JsonObject given) {
                sink.accept(given);
            }
            if (!several) {
                break;
            }
            parser.nextToken();
        }
        if (parser.nextToken() != null) {
            throw error("text behind the objects", parser.currentTokenLocation());
        }
    }

    private void listing(Sink sink) throws IOException {
        expect(parser.nextToken(), JsonToken.START_OBJECT);
        boolean found = false;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            boolean listing = !found && "nftables".equals(parser.currentName());
            parser.nextToken();
            if (listing) {
                found = true;
                objects(sink);
            } else {
                parser.skipChildren();
            }
        }
        if (!found) {
            throw error("no listing of nft -j: \"nftables\" is missing", parser.currentTokenLocation());
        }
        if (parser.nextToken() != null) {
            throw error("text behind the listing", parser.currentTokenLocation());
        }
    }

    private void objects(Sink sink) throws IOException {
        expect(parser.currentToken(), JsonToken.START_ARRAY);
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            expect(parser.currentToken(), JsonToken.START_OBJECT);
            JsonLocation start = parser.currentTokenLocation();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String kind = parser.currentName();
                parser.nextToken();
                Object value = value();
                object = start;
                sink.accept(kind, value instanceof JsonObject given ? given : new JsonObject());
            }
        }
    }

    private void expect(@Nullable JsonToken actual, JsonToken expected) {
        if (actual != expected) {
            throw error("expected " + expected.asString(), parser.currentTokenLocation());
        }
    }

    private @Nullable Object value() throws IOException {
        switch (parser.currentToken()) {
            case START_OBJECT -> {
                JsonObject read = new JsonObject();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    read.add(name, value());
                }
                return read;
            }
            case START_ARRAY -> {
                List<@Nullable Object> values = new ArrayList<>(4);
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    values.add(value());
                }
                return values;
            }
            case VALUE_NUMBER_INT -> {
                JsonParser.NumberType type = parser.getNumberType();
                boolean fits = type == JsonParser.NumberType.INT || type == JsonParser.NumberType.LONG;
                return fits ? (Object) parser.getLongValue() : parser.getText();
            }
            case VALUE_TRUE -> {
                return true;
            }
            case VALUE_FALSE -> {
                return false;
            }
            case VALUE_NULL -> {
                return null;
            }
            default -> {
                return parser.getText();
            }
        }
    }

    /** Returns the values of an array, or anything else as the only one. */
    @SuppressWarnings("unchecked")
    static List<@Nullable Object> asList(Object value) {
        return value instanceof List<?> list ? (List<@Nullable Object>) list : List.of(value);
    }

    /** Writes a value as compact JSON, for what has no other form. */
    static String compact(@Nullable Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    private static void write(@Nullable Object value, StringBuilder out) {
        if (value instanceof JsonObject object) {
            out.append('{');
            for (int i = 0; i < object.size(); i++) {
                out.append(i == 0 ? "" : ",");
                quote(object.name(i), out);
                out.append(':');
                write(object.value(i), out);
            }
            out.append('}');
        } else if (value instanceof List<?> list) {
            out.append('[');
            for (int i = 0; i < list.size(); i++) {
                out.append(i == 0 ? "" : ",");
                write(list.get(i), out);
            }
            out.append(']');
        } else if (value instanceof String text) {
            quote(text, out);
        } else {
            out.append(value);
        }
    }

    private static void quote(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\');
            }
            out.append(c < ' ' ? ' ' : c);
        }
        out.append('"');
    }
}
