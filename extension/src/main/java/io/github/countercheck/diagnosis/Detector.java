// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import java.util.Optional;

/** Looks for one cause. It names it only where something that was measured speaks for it. */
@FunctionalInterface
interface Detector {

    Optional<Finding> look(Evidence evidence);
}
