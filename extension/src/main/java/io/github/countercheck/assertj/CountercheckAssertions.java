// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.assertj;

import io.github.countercheck.Flow;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** Entry to AssertJ assertions on what was sent; it takes AssertJ on the class path. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class CountercheckAssertions {

    private CountercheckAssertions() {}

    /** Begins assertions on that flow. */
    public static FlowAssert assertThat(@Nullable Flow actual) {
        return new FlowAssert(actual);
    }
}
