// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.samples.red;

import io.github.countercheck.netns.Command;
import io.github.countercheck.netns.CommandResult;
import io.github.countercheck.netns.Toolbox;
import io.github.countercheck.session.Image;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/**
 * Puts a fault into the daemon's rules for as long as the body of a test runs, after its baseline was taken. Registered only
 * where automatic detection of extensions is on, and does nothing unless a fault is named.
 */
public final class FaultExtension implements InvocationInterceptor {

    private static final Namespace TOOLS = Namespace.create(FaultExtension.class);

    /** The fault is a shell script: it may call {@code iptables}, or {@code edit TABLE SED-SCRIPT} to rewrite a table. */
    private static final String PRELUDE = """
            set -e
            edit() {
              iptables-save -c -t "$1" >/tmp/edited
              sed "$2" /tmp/edited >/tmp/edit
              ! cmp -s /tmp/edited /tmp/edit || { echo "the fault changes nothing: $2" >&2; exit 1; }
              iptables-restore -c </tmp/edit
            }
            """;

    @Override
    public void interceptTestMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        Optional<String> fault = context.getConfigurationParameter(faultOf(context.getRequiredTestMethod()));
        if (fault.isEmpty()) {
            invocation.proceed();
            return;
        }
        Toolbox tools = tools(context);
        run(tools, "iptables-save -c >/tmp/healthy");
        try {
            run(tools, PRELUDE + fault.get());
            invocation.proceed();
        } finally {
            run(tools, "iptables-restore -c </tmp/healthy");
        }
    }

    /** The configuration parameter that names the fault of one test. */
    static String faultOf(Method test) {
        return "samples.fault." + test.getDeclaringClass().getName() + "." + test.getName();
    }

    private static Toolbox tools(ExtensionContext context) {
        return context.getRoot()
                .getStore(TOOLS)
                .getOrComputeIfAbsent(
                        Toolbox.class, t -> Toolbox.inDaemonsNetwork(Image.TOOLBOX.reference()), Toolbox.class);
    }

    private static void run(Toolbox tools, String script) {
        CommandResult result = tools.run(Command.of("/bin/sh", "-c", script), Duration.ofSeconds(20));
        if (!result.ok()) {
            throw new IllegalStateException(script + "\n" + result.errors());
        }
    }
}
