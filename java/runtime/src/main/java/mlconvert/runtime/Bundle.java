package mlconvert.runtime;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * A model as a jar carries it: {@code META-INF/mlconvert/<name>/model.forest}, {@code golden.rows} beside it, and the name on a line
 * of {@code META-INF/mlconvert/models}, so that models of several jars live on one class path.
 */
final class Bundle {
    private static final String FOLDER = "META-INF/mlconvert/";
    private static final String FOREST = "/model.forest";
    private static final String GOLDEN = "/golden.rows";

    final byte[] forest;
    /** Null where there are none. */
    final byte[] golden;

    private Bundle(byte[] forest, byte[] golden) {
        this.forest = forest;
        this.golden = golden;
    }

    /** The model of this name on the class path. */
    static Bundle named(String name) {
        for (ClassLoader loader : loaders()) {
            byte[] forest = resource(loader, FOLDER + name + FOREST);
            if (forest != null) {
                return new Bundle(forest, resource(loader, FOLDER + name + GOLDEN));
            }
        }
        throw new ModelException("there is no model " + Text.quoted(name) + " on the class path; there is " + names());
    }

    /** The only model on the class path. */
    static Bundle only() {
        Set<String> names = names();
        if (names.size() != 1) {
            throw new ModelException(names.isEmpty() ? "there is no model on the class path"
                    : "there are several models on the class path; name one of " + names);
        }
        return named(names.iterator().next());
    }

    /** A jar's bytes or a forest's. */
    static Bundle of(byte[] content) throws IOException {
        boolean zip = content.length > 1 && content[0] == 'P' && content[1] == 'K';
        if (!zip) {
            return new Bundle(content, null);
        }
        byte[] forest = null;
        byte[] golden = null;
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(content))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                if (entry.getName().startsWith(FOLDER) && entry.getName().endsWith(FOREST)) {
                    BrokenModelException.unless(forest == null, "the jar holds several");
                    forest = in.readAllBytes();
                } else if (entry.getName().startsWith(FOLDER) && entry.getName().endsWith(GOLDEN)) {
                    golden = in.readAllBytes();
                }
            }
        }
        BrokenModelException.unless(forest != null, "the jar holds none");
        return new Bundle(forest, golden);
    }

    private static Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        try {
            for (ClassLoader loader : loaders()) {
                for (URL url : Collections.list(loader.getResources(FOLDER + "models"))) {
                    try (BufferedReader in = new BufferedReader(new InputStreamReader(url.openStream(), StandardCharsets.UTF_8))) {
                        in.lines().filter(line -> !line.isEmpty()).forEach(names::add);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return names;
    }

    /** The loader of this class, then that of the thread: a runtime that is shared may not see the models from where it is. */
    private static List<ClassLoader> loaders() {
        List<ClassLoader> loaders = new ArrayList<>();
        loaders.add(Bundle.class.getClassLoader());
        if (Thread.currentThread().getContextClassLoader() != null) {
            loaders.add(Thread.currentThread().getContextClassLoader());
        }
        return loaders;
    }

    private static byte[] resource(ClassLoader loader, String name) {
        try (InputStream in = loader.getResourceAsStream(name)) {
            return in == null ? null : in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
