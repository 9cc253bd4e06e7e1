// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The answers that one walk takes for granted to questions that nothing known decides. A question beyond the given
 * answers is answered with no; {@link #alternatives} has the other answers for walks to come.
 */
final class Questions {

    /** A question that was asked, where, and the answer that was taken. */
    record Asked(String question, String reason, String where, boolean answer) {}

    private final List<Boolean> given;
    private final List<Asked> asked = new ArrayList<>();
    private final Map<String, Boolean> answers = new HashMap<>();

    Questions(List<Boolean> given) {
        this.given = List.copyOf(given);
    }

    /** Fills in an answer that was taken earlier in this walk. */
    Truth recall(Truth truth) {
        Boolean answer = truth.question() == null ? null : answers.get(truth.question());
        return answer == null ? truth : Truth.of(answer == truth.holds());
    }

    boolean decide(Truth truth, String where) {
        Truth recalled = recall(truth);
        String question = recalled.question();
        if (question == null) {
            return recalled.holds();
        }
        boolean answer = asked.size() < given.size() && given.get(asked.size());
        asked.add(new Asked(question, truth.reason(), where, answer));
        answers.put(question, answer);
        return answer == truth.holds();
    }

    List<Asked> asked() {
        return List.copyOf(asked);
    }

    /** Returns what to answer in further walks so that, in the end, every combination was walked once. */
    List<List<Boolean>> alternatives() {
        List<List<Boolean>> all = new ArrayList<>();
        for (int i = given.size(); i < asked.size(); i++) {
            List<Boolean> other = new ArrayList<>();
            asked.subList(0, i).forEach(a -> other.add(a.answer()));
            other.add(!asked.get(i).answer());
            all.add(other);
        }
        return all;
    }
}
