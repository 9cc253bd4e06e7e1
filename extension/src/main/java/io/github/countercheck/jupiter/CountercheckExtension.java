// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.CountercheckException;
import io.github.countercheck.DaemonMatrix;
import io.github.countercheck.DockerDaemon;
import io.github.countercheck.Measurement;
import io.github.countercheck.Traffic;
import io.github.countercheck.daemon.DaemonContainer;
import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.session.Settings;
import io.github.countercheck.snapshot.CounterDelta;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.validate.PromisedPaths;
import io.github.countercheck.watch.Watcher;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeClassTemplateInvocationCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.BeforeTestExecutionCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.junit.platform.commons.support.AnnotationSupport;
import org.opentest4j.TestAbortedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.testcontainers.containers.GenericContainer;

/**
 * Opens a measurement before the body of each test, closes it after its {@code @AfterEach} methods and reports it; skips,
 * with the reason, what cannot be measured. Registered by {@link ContainerNetworkTest}.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class CountercheckExtension
        implements ExecutionCondition,
                BeforeAllCallback,
                BeforeClassTemplateInvocationCallback,
                BeforeEachCallback,
                BeforeTestExecutionCallback,
                AfterTestExecutionCallback,
                AfterEachCallback,
                TestExecutionExceptionHandler,
                LifecycleMethodExecutionExceptionHandler,
                ParameterResolver {

    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(CountercheckExtension.class);
    private static final Set<Class<?>> OF_A_DAEMON = Set.of(DaemonContainer.class, PromisedPaths.class);
    private static final Logger WALKS = LoggerFactory.getLogger("countercheck.walk");

    /** The one session of a run, or why there is none; kept, so that a missing daemon is not sought for each class. */
    private record Attempt(
            @Nullable DaemonSession session,
            @Nullable CountercheckException problem,
            @Nullable Watcher watcher) implements AutoCloseable {

        static Attempt with(Settings settings) {
            try {
                DaemonSession session = DaemonSession.open(settings);
                return new Attempt(
                        session,
                        null,
                        settings.watch() ? Watcher.inLines(session.counters(), session::facts, Console.out()) : null);
            } catch (CountercheckException e) {
                return new Attempt(null, e, null);
            }
        }

        DaemonSession get() {
            if (session == null) {
                throw problem != null ? problem : new IllegalStateException("neither session nor problem");
            }
            return session;
        }

        @Override
        public void close() {
            if (watcher != null) {
                watcher.close();
            }
            if (session != null) {
                session.close();
            }
        }
    }

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        if (context.getTestMethod().isPresent()) {
            return ConditionEvaluationResult.enabled("decided for the class");
        }
        Settings settings = settings(context);
        CountercheckException problem;
        if (hasDaemon(context)) {
            problem = problemOf(DaemonSession::requireDaemon);
            if (problem == null) {
                return ConditionEvaluationResult.enabled("a daemon of its own can be started");
            }
        } else {
            Attempt attempt = attempt(context, settings);
            problem = attempt.problem();
            if (problem == null) {
                return ConditionEvaluationResult.enabled(
                        "counters are read in " + attempt.get().counters().description());
            }
        }
        if (settings.required()) {
            throw problem;
        }
        return ConditionEvaluationResult.disabled(problem.problem() + "; to run it: " + problem.remedy());
    }

    /** Starts the class's daemon, before Testcontainers starts the containers of its static fields. */
    @Override
    public void beforeAll(ExtensionContext context) {
        // The time of a run begins with its first class.
        reports(context);
        Class<?> testClass = context.getRequiredTestClass();
        List<GenericContainer<?>> containers = ContainerFields.ofClass(context);
        if (AnnotationSupport.isAnnotated(testClass, DaemonMatrix.class) && !containers.isEmpty()) {
            throw new CountercheckException(
                    "the static @Container fields of " + testClass.getSimpleName()
                            + " would be one container for all daemons of its matrix",
                    "make them instance fields, or start containers with daemon.container(image)");
        }
        AnnotationSupport.findAnnotation(testClass, DockerDaemon.class)
                .ifPresent(annotation -> start(context, DaemonChoice.of(testClass, annotation)));
        daemon(context).ifPresent(current -> adopt(context, current, containers));
    }

    @Override
    public void beforeClassTemplateInvocation(ExtensionContext context) {
        DaemonChoice choice = store(context).get(DaemonChoice.class, DaemonChoice.class);
        if (choice != null) {
            start(context, choice);
        }
    }

    private static void start(ExtensionContext context, DaemonChoice choice) {
        store(context).put(DaemonUnderTest.class, DaemonUnderTest.start(choice, settings(context)));
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        daemon(context).ifPresent(current -> adopt(context, current, ContainerFields.ofInstances(context)));
    }

    private static void adopt(ExtensionContext context, DaemonUnderTest current, List<GenericContainer<?>> containers) {
        for (GenericContainer<?> container : containers) {
            // Closed with the context; each is a key of its own, which containers are not.
            AutoCloseable adoption = current.daemon().adopt(container);
            store(context).put(adoption, adoption);
        }
    }

    @Override
    public void beforeTestExecution(ExtensionContext context) {
        Optional<DaemonUnderTest> own = daemon(context);
        own.ifPresent(DaemonUnderTest::begin);
        try {
            DaemonSession session = own.map(DaemonUnderTest::session)
                    .orElseGet(() -> attempt(context, settings(context)).get());
            store(context)
                    .put(
                            Measurement.class,
                            Measurement.open(session, await(context), () -> ContainerFields.names(context)));
            store(context).put(Instant.class, Instant.now());
        } catch (RuntimeException e) {
            own.ifPresent(DaemonUnderTest::end);
            throw e;
        }
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        explain(context, failure);
        throw withReport(context, failure);
    }

    @Override
    public void handleAfterEachMethodExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        explain(context, failure);
        throw withReport(context, failure);
    }

    private static Throwable withReport(ExtensionContext context, Throwable failure) {
        return failure instanceof TestAbortedException || measurement(context).isEmpty()
                ? failure
                : reports(context)
                        .map(reports -> FailureReports.with(reports.page(context), failure))
                        .orElse(failure);
    }

    private static void explain(ExtensionContext context, Throwable failure) {
        if (!(failure instanceof TestAbortedException)) {
            measurement(context).ifPresent(m -> m.explain(failure));
        }
    }

    @Override
    public void afterTestExecution(ExtensionContext context) {
        if (context.getExecutionException().isPresent() && reports(context).isPresent()) {
            // The containers are up still.
            measurement(context).ifPresent(Measurement::lookAgain);
        }
        if (settings(context).walk() == Settings.Walk.ALWAYS && WALKS.isInfoEnabled()) {
            measurement(context)
                    .ifPresent(m -> WALKS.info(
                            "{} > {}\n{}\n",
                            context.getRequiredTestClass().getSimpleName(),
                            context.getDisplayName(),
                            m.walk()));
        }
    }

    @Override
    public void afterEach(ExtensionContext context) {
        measurement(context).ifPresent(measured -> {
            try {
                reports(context)
                        .ifPresent(reports -> reports.ended(
                                context,
                                measured,
                                daemon(context).map(DaemonUnderTest::config).orElse(""),
                                store(context).get(Instant.class, Instant.class),
                                context.getExecutionException().orElse(null)));
            } finally {
                measured.close();
                daemon(context).ifPresent(DaemonUnderTest::end);
            }
        });
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return type == Traffic.class
                || type == CounterSnapshot.class
                || type == CounterDelta.class
                || OF_A_DAEMON.contains(type);
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        if (OF_A_DAEMON.contains(type)) {
            return daemon(context)
                    .map(own -> type == DaemonContainer.class ? own.daemon() : own.paths())
                    .orElseThrow(() -> new ParameterResolutionException("[" + parameter.getParameter() + "] of "
                            + parameter.getDeclaringExecutable()
                            + ": the class has no daemon of its own; annotate it with @DockerDaemon or @DaemonMatrix"));
        }
        Measurement measurement = measurement(context)
                .orElseThrow(() -> new ParameterResolutionException("[" + parameter.getParameter() + "] of "
                        + parameter.getDeclaringExecutable() + ": there is no " + type.getSimpleName()
                        + " before the test's body; take it as a parameter of the test or of an @AfterEach method"));
        if (type == Traffic.class) {
            return measurement.traffic();
        }
        return type == CounterSnapshot.class ? measurement.baseline() : measurement.delta();
    }

    private static Optional<Reports> reports(ExtensionContext context) {
        return settings(context).report()
                ? Optional.of(context.getRoot()
                        .getStore(NAMESPACE)
                        .getOrComputeIfAbsent(Reports.class, key -> Reports.open(System::getenv), Reports.class))
                : Optional.empty();
    }

    private static Optional<Measurement> measurement(ExtensionContext context) {
        return Optional.ofNullable(store(context).get(Measurement.class, Measurement.class));
    }

    private static @Nullable CountercheckException problemOf(Runnable requirement) {
        try {
            requirement.run();
            return null;
        } catch (CountercheckException e) {
            return e;
        }
    }

    /** Runs what is below that context with that daemon. */
    static void choose(ExtensionContext context, DaemonChoice choice) {
        store(context).put(DaemonChoice.class, choice);
    }

    private static boolean hasDaemon(ExtensionContext context) {
        return daemon(context).isPresent()
                || AnnotationSupport.isAnnotated(context.getRequiredTestClass(), DockerDaemon.class)
                || AnnotationSupport.isAnnotated(context.getRequiredTestClass(), DaemonMatrix.class);
    }

    private static Optional<DaemonUnderTest> daemon(ExtensionContext context) {
        return Optional.ofNullable(store(context).get(DaemonUnderTest.class, DaemonUnderTest.class));
    }

    private static ExtensionContext.Store store(ExtensionContext context) {
        return context.getStore(NAMESPACE);
    }

    private static Attempt attempt(ExtensionContext context, Settings settings) {
        return context.getRoot()
                .getStore(NAMESPACE)
                .getOrComputeIfAbsent(Attempt.class, key -> Attempt.with(settings), Attempt.class);
    }

    private static Settings settings(ExtensionContext context) {
        return Settings.from(lookup(context));
    }

    private static Function<String, Optional<String>> lookup(ExtensionContext context) {
        return key -> context.getConfigurationParameter(key)
                .or(() -> Optional.ofNullable(System.getenv(Settings.environmentName(key))));
    }

    private static Duration await(ExtensionContext context) {
        return annotation(context)
                .map(ContainerNetworkTest::await)
                .filter(text -> !text.isEmpty())
                .map(Settings::parseDuration)
                .orElseGet(() -> settings(context).await());
    }

    /** The annotation may stand on an enclosing class, or on another annotation. */
    private static Optional<ContainerNetworkTest> annotation(ExtensionContext context) {
        for (Optional<ExtensionContext> at = Optional.of(context);
                at.isPresent();
                at = at.get().getParent()) {
            Optional<ContainerNetworkTest> found =
                    AnnotationSupport.findAnnotation(at.get().getElement(), ContainerNetworkTest.class);
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }
}
