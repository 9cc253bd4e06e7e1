// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * Writes elements and text, which it escapes. What it writes is well-formed XML and, but for the doctype, also HTML: an
 * element is left open or closed as {@code <td></td>}, and only a void one as {@code <br/>}.
 */
final class Markup {

    private static final Map<String, String> SHEETS = new ConcurrentHashMap<>();

    private final Writer writer;
    private final XMLStreamWriter out;

    /** Writes to that writer, which it leaves open. */
    Markup(Writer writer) {
        this.writer = writer;
        try {
            // Not one that happens to be on the user's class path.
            out = XMLOutputFactory.newDefaultFactory().createXMLStreamWriter(writer);
        } catch (XMLStreamException e) {
            throw failed(e);
        }
    }

    Markup doctype() {
        return write(() -> out.writeDTD("<!DOCTYPE html>\n"));
    }

    /**
     * Opens an element.
     *
     * @param name its name
     * @param attributes names and values by turns
     */
    Markup open(String name, String... attributes) {
        return write(() -> {
            out.writeStartElement(name);
            attributes(attributes);
        });
    }

    /** Writes an element without contents and without an end tag, such as {@code meta}. */
    Markup empty(String name, String... attributes) {
        return write(() -> {
            out.writeEmptyElement(name);
            attributes(attributes);
        });
    }

    /** Writes an element that holds only text. */
    Markup element(String name, String text, String... attributes) {
        return open(name, attributes).text(text).close();
    }

    Markup text(String text) {
        return write(() -> out.writeCharacters(Visible.of(text)));
    }

    /** Breaks the line between elements, where it does not show. */
    Markup line() {
        return write(() -> out.writeCharacters("\n"));
    }

    /** Writes the style sheet of that name as it is, past what would look at each of its characters in every page. */
    Markup style(String name) {
        open("style").text("");
        return write(() -> {
            out.flush();
            try {
                writer.write(SHEETS.computeIfAbsent(name, Markup::sheet));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            out.writeEndElement();
        });
    }

    Markup close() {
        return write(out::writeEndElement);
    }

    void end() {
        write(() -> {
            out.writeEndDocument();
            out.flush();
        });
    }

    private void attributes(String... attributes) throws XMLStreamException {
        for (int i = 0; i < attributes.length; i += 2) {
            out.writeAttribute(attributes[i], Visible.line(attributes[i + 1]));
        }
    }

    private static String sheet(String name) {
        String sheet = resource(name);
        if (sheet.chars().anyMatch(c -> c == '<' || c == '&' || c == '>')) {
            throw new IllegalStateException(name + " holds <, > or &, which would need to be escaped");
        }
        return sheet;
    }

    private static String resource(String name) {
        try (var in = Objects.requireNonNull(Markup.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private interface Step {
        void run() throws XMLStreamException;
    }

    private Markup write(Step step) {
        try {
            step.run();
            return this;
        } catch (XMLStreamException e) {
            throw failed(e);
        }
    }

    private static UncheckedIOException failed(XMLStreamException e) {
        return new UncheckedIOException(
                e.getCause() instanceof IOException io ? io : new IOException("cannot write the report", e));
    }
}
