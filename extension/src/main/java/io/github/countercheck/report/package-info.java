// SPDX-License-Identifier: Apache-2.0
/**
 * What people look at after a run: HTML, SVG, JSON and Markdown. They are pure functions of what was measured; one class
 * writes files.
 *
 * <p>Markup goes through the JDK's own XML writer, which escapes by construction and adds nothing to a user's class path.
 */
@NullMarked
package io.github.countercheck.report;

import org.jspecify.annotations.NullMarked;
