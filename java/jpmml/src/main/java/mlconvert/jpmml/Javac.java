package mlconvert.jpmml;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** The compiler of the JDK that this runs in. */
final class Javac {
    // Nothing that differs from one run to the next, and classes that every Java that JPMML runs on can load.
    private static final List<String> OPTIONS = List.of("-proc:none", "-g:none", "-nowarn", "-XDstringConcat=inline", "--release", "11");
    // javac's own names of what has no room in a class file (JVM Specification 11, 4.11).
    private static final List<String> LIMITS = List.of(
            "compiler.err.limit.code",
            "compiler.err.limit.code.too.large.for.try.stmt",
            "compiler.err.limit.pool",
            "compiler.err.limit.stack",
            "compiler.err.limit.locals",
            "compiler.err.limit.string",
            "compiler.err.limit.string.overflow");

    private Javac() {
    }

    /**
     * The compiler.
     *
     * @throws RefusedException {@code no-jdk} where this Java can run classes and not make them
     */
    static JavaCompiler compiler() throws RefusedException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler == null) {
            throw new RefusedException("no-jdk", System.getProperty("java.home"), "this Java has no compiler: it is a JRE, and no JDK");
        }
        return compiler;
    }

    /**
     * Compiles against the class path of this JVM.
     *
     * @param sources the files
     * @param classes the folder that the classes go to
     * @throws RefusedException {@code too-large} for what does not fit into a class, {@code javac-failed} for any other error: the first
     */
    static void compile(List<Path> sources, Path classes) throws IOException, RefusedException {
        JavaCompiler compiler = compiler();
        DiagnosticCollector<JavaFileObject> said = new DiagnosticCollector<>();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(said, Locale.ROOT, StandardCharsets.UTF_8)) {
            List<String> options = new ArrayList<>(OPTIONS);
            options.addAll(List.of("-classpath", System.getProperty("java.class.path"), "-d", classes.toString()));
            boolean done = compiler.getTask(null, files, said, options, null, files.getJavaFileObjectsFromPaths(sources)).call();
            if (!done) {
                throw refusal(said.getDiagnostics());
            }
        }
    }

    private static RefusedException refusal(List<Diagnostic<? extends JavaFileObject>> said) {
        for (Diagnostic<? extends JavaFileObject> one : said) {
            if (one.getKind() == Diagnostic.Kind.ERROR) {
                String code = LIMITS.contains(one.getCode()) ? "too-large" : "javac-failed";
                String where = one.getSource() == null ? "" : Path.of(one.getSource().getName()).getFileName() + ":" + one.getLineNumber();
                return new RefusedException(code, where, one.getMessage(Locale.ROOT).replaceAll("\\s+", " "));
            }
        }
        return new RefusedException("javac-failed", "", "javac failed, and did not say why");
    }
}
