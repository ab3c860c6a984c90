package mlconvert.runtime;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * A model as a jar carries it: {@code META-INF/mlconvert/<name>/model.forest}, {@code golden.rows} beside it, and the name on a line
 * of {@code META-INF/mlconvert/models}, so that models of several jars live on one class path. A jar may also carry this runtime
 * in a package of its own, and then the model of that name is the one that belongs to it.
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
        Bundle found = find(name);
        if (found == null) {
            throw new ModelException("there is no model " + Json.quoted(name) + " on the class path; there is " + names());
        }
        return found;
    }

    /** The model of this package, or else the only one on the class path. */
    static Bundle only() {
        Bundle own = find(Bundle.class.getPackageName());
        if (own != null) {
            return own;
        }
        Set<String> names = names();
        if (names.size() != 1) {
            throw new ModelException(names.isEmpty() ? "there is no model on the class path"
                    : "there are several models on the class path; name one of " + names);
        }
        return named(names.iterator().next());
    }

    /** A jar's bytes or a forest's. */
    static Bundle of(byte[] content) {
        boolean zip = content.length > 1 && content[0] == 'P' && content[1] == 'K';
        if (!zip) {
            return new Bundle(content, null);
        }
        byte[] forest = null;
        byte[] golden = null;
        // no model is smaller than a hundredth in a jar, and what is would be there to fill the memory
        int most = (int) Math.min(100L * content.length + (1 << 20), Integer.MAX_VALUE - 9);
        try {
            ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(content));
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                boolean own = entry.getName().startsWith(FOLDER);
                if (own && entry.getName().endsWith(FOREST)) {
                    BrokenModelException.unless(forest == null, "the jar holds several");
                    forest = in.readNBytes(most);
                } else if (own && entry.getName().endsWith(GOLDEN)) {
                    golden = in.readNBytes(most);
                }
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new BrokenModelException("the jar cannot be read (" + e.getMessage() + ")");
        }
        BrokenModelException.unless(forest != null, "the jar holds none");
        return new Bundle(forest, golden);
    }

    private static Bundle find(String name) {
        byte[] forest = resource(FOLDER + name + FOREST);
        return forest == null ? null : new Bundle(forest, resource(FOLDER + name + GOLDEN));
    }

    private static Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        for (ClassLoader loader : loaders()) {
            try {
                for (URL url : Collections.list(loader.getResources(FOLDER + "models"))) {
                    URLConnection connection = url.openConnection();
                    // a cached connection would keep the jar open for good
                    connection.setUseCaches(false);
                    names.addAll(Arrays.asList(new String(content(connection.getInputStream()), StandardCharsets.UTF_8).split("\\R+")));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        names.remove("");
        return names;
    }

    /** The loader of this class, then that of the thread: a runtime that is shared may not see the models from where it is. */
    private static ClassLoader[] loaders() {
        return new ClassLoader[] {Bundle.class.getClassLoader(), Thread.currentThread().getContextClassLoader()};
    }

    private static byte[] resource(String name) {
        for (ClassLoader loader : loaders()) {
            InputStream in = loader == null ? null : loader.getResourceAsStream(name);
            if (in != null) {
                return content(in);
            }
        }
        return null;
    }

    private static byte[] content(InputStream in) {
        try (in) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
