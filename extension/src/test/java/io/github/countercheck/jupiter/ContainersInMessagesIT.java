// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.testkit.engine.EventConditions.event;
import static org.junit.platform.testkit.engine.EventConditions.finishedWithFailure;
import static org.junit.platform.testkit.engine.EventConditions.test;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.instanceOf;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.message;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.CountercheckException;
import io.github.countercheck.TestWeb;
import io.github.countercheck.Traffic;
import org.assertj.core.api.Condition;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;
import org.junit.platform.testkit.engine.Events;
import org.opentest4j.AssertionFailedError;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;

/** A message calls a container as its field is called, wherever the field stands, and says so when it is gone. */
class ContainersInMessagesIT {

    @Test
    void aFieldsNameIsFoundInSuperclassesAndEnclosingClasses() {
        Events tests = run(Outer.class);

        tests.assertThatEvents()
                .haveExactly(1, fails("ofSuperclass", AssertionFailedError.class, "DNAT not hit for container above ("))
                .haveExactly(1, fails("ofEnclosing", AssertionFailedError.class, "DNAT not hit for container around ("))
                .haveExactly(1, fails("ofItself", AssertionFailedError.class, "DNAT not hit for container within ("));
        assertThat(tests.finished().count()).isEqualTo(3);
    }

    @Test
    void aContainerThatIsGoneIsAnErrorThatSaysSo() {
        Events tests = run(Gone.class);

        tests.assertThatEvents()
                .haveExactly(1, fails("stopped", CountercheckException.class, "or was stopped again"))
                .haveExactly(1, fails("killed", CountercheckException.class, ") is not running any more"))
                .haveExactly(1, fails("removed", CountercheckException.class, "does not know the container any more"));
        assertThat(tests.finished().count()).isEqualTo(3);
    }

    private static Condition<Event> fails(String test, Class<? extends Throwable> type, String text) {
        return event(test(test), finishedWithFailure(instanceOf(type), message(m -> m.contains(text))));
    }

    private static Events run(Class<?> fixture) {
        return EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(fixture))
                .configurationParameter("countercheck.await", "0ms")
                .configurationParameter("countercheck.required", "true")
                .execute()
                .testEvents();
    }

    abstract static class Base {
        @Container
        static final GenericContainer<?> above = TestWeb.container();
    }

    @ContainerNetworkTest
    static class Outer extends Base {

        @Container
        final GenericContainer<?> around = TestWeb.container();

        @Nested
        class Inner {

            @Container
            final GenericContainer<?> within = TestWeb.container();

            @Test
            void ofSuperclass() {
                assertDnatHit(above, 80);
            }

            @Test
            void ofEnclosing() {
                assertDnatHit(around, 80);
            }

            @Test
            void ofItself() {
                assertDnatHit(within, 80);
            }
        }
    }

    @ContainerNetworkTest
    static class Gone {

        @Container
        final GenericContainer<?> web = TestWeb.container();

        @Test
        void stopped(Traffic traffic) {
            web.stop();
            traffic.toPublishedPort(web, 80);
        }

        @Test
        void killed(Traffic traffic) {
            DockerClientFactory.lazyClient()
                    .killContainerCmd(web.getContainerId())
                    .exec();
            traffic.toPublishedPort(web, 80);
        }

        @Test
        void removed() {
            DockerClientFactory.lazyClient()
                    .removeContainerCmd(web.getContainerId())
                    .withForce(true)
                    .exec();
            assertDnatHit(web, 80);
        }
    }
}
