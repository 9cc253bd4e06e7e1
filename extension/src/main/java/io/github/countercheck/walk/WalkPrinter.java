// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.walk.PacketWalk.Direction;
import io.github.countercheck.walk.PacketWalk.Fate;
import io.github.countercheck.walk.PacketWalk.Origin;
import io.github.countercheck.walk.PacketWalk.Step;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Prints a walk: a line for each rule, what is called by a jump set in under it, each way once. */
final class WalkPrinter {

    private final PacketWalk walk;

    WalkPrinter(PacketWalk walk) {
        this.walk = walk;
    }

    String print() {
        List<String> lines = new ArrayList<>();
        Map<Integer, List<Step>> packets = walk.steps().stream()
                .collect(Collectors.groupingBy(Step::packet, LinkedHashMap::new, Collectors.toList()));
        Map<List<Step>, List<Integer>> ways = new LinkedHashMap<>();
        packets.forEach((packet, steps) -> ways.computeIfAbsent(
                        steps.stream()
                                .map(step -> step.ofPacket(0, step.direction()))
                                .toList(),
                        way -> new ArrayList<>())
                .add(packet));
        int width = packets.values().stream()
                .flatMap(steps -> places(steps).stream())
                .mapToInt(String::length)
                .max()
                .orElse(0);
        ways.forEach((steps, numbers) -> {
            lines.add("  " + who(steps.get(0).direction(), numbers));
            List<String> places = places(steps);
            for (int i = 0; i < steps.size(); i++) {
                lines.add(line(places.get(i), width, steps.get(i)));
            }
        });
        lines.add("  " + end());
        walk.assumptions().forEach(assumption -> lines.add("  assumed: " + assumption));
        return String.join("\n", lines);
    }

    private String who(Direction direction, List<Integer> numbers) {
        return (walk.origin() == Origin.SIMULATION ? "simulated: " : "")
                + (numbers.size() == 1 ? "packet " : "packets ")
                + numbers.stream().map(String::valueOf).collect(Collectors.joining(", "))
                + (direction == Direction.ORIGINAL ? " sent" : " answered");
    }

    private static String line(String place, int width, Step step) {
        ClassifiedRule rule = step.rule();
        String verdict = step.text().equals("policy " + step.verdict()) ? "" : "   -> " + step.verdict();
        return String.format(
                Locale.ROOT,
                "  %-" + width + "s %4s  %s%s%s",
                place,
                step.position() == 0 ? "" : "#" + step.position(),
                body(step),
                verdict,
                rule == null ? "" : "   # " + rule.purpose());
    }

    private static String body(Step step) {
        String append = "-A " + step.chain() + " ";
        return step.text().startsWith(append) ? step.text().substring(append.length()) : step.text();
    }

    /** Returns where each step is, set in as deep as the jumps that lead there. */
    private static List<String> places(List<Step> steps) {
        List<String> places = new ArrayList<>();
        Deque<String> chains = new ArrayDeque<>();
        String base = "";
        for (Step step : steps) {
            String lane = step.hook() + " " + step.family() + " " + step.table();
            if (!lane.equals(base)) {
                chains.clear();
                base = lane;
            }
            if (chains.contains(step.chain())) {
                while (!step.chain().equals(chains.peek())) {
                    chains.pop();
                }
            } else {
                chains.push(step.chain());
            }
            places.add("  ".repeat(chains.size()) + step.table() + "/" + step.chain());
        }
        return places;
    }

    private String end() {
        String where = (walk.destination() == null ? "" : " for " + walk.destination())
                + (walk.source() == null ? "" : ", from " + walk.source());
        String why = walk.reason().isEmpty() ? "" : ": " + walk.reason();
        return (walk.fate() == Fate.ACCEPTED
                        ? "let through by every base chain it met"
                        : walk.fate().name())
                + where
                + why;
    }
}
