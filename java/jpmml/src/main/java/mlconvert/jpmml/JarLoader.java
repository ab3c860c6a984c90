package mlconvert.jpmml;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.List;
import java.util.stream.Collectors;
import org.dmg.pmml.PMML;

/**
 * Loads the model of a jar from the jar itself, anew for every loader, and whatever else it needs from where this JVM has it: a model is
 * then a {@link PMML} of ours, and loading it twice is loading it twice, although the jar may stand on the class path, too.
 */
final class JarLoader extends URLClassLoader {
    private static final String SERVICE = "META-INF/services/" + PMML.class.getName();

    /** The full name of the model's class. */
    final String model;

    JarLoader(Path jar) throws IOException, RefusedException {
        super(new URL[] {jar.toUri().toURL()}, JarLoader.class.getClassLoader());
        List<String> models = models();
        if (models.size() != 1) {
            close();
            throw new RefusedException("bad-jar", SERVICE, "it announces " + models.size() + " models, and can be opened with one");
        }
        model = models.get(0);
    }

    /** What the jar's own list of services says (java.util.ServiceLoader). */
    private List<String> models() throws IOException {
        URL list = findResource(SERVICE);
        if (list == null) {
            return List.of();
        }
        try (InputStream in = list.openStream()) {
            String text = new String(in.readNBytes(1 << 16), StandardCharsets.UTF_8);
            return text.lines().map(line -> line.replaceAll("#.*", "").trim()).filter(line -> !line.isEmpty()).collect(Collectors.toList());
        }
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        synchronized (getClassLoadingLock(name)) {
            boolean own = name.equals(model) || name.startsWith(model + "$");
            if (!own) {
                return super.loadClass(name, resolve);
            }
            Class<?> found = findLoadedClass(name);
            return found == null ? findClass(name) : found;
        }
    }

    @Override
    public Enumeration<URL> getResources(String name) throws IOException {
        return name.equals(SERVICE) ? findResources(name) : super.getResources(name);
    }
}
