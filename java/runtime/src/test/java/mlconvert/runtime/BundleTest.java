package mlconvert.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models on the class path. */
class BundleTest {
    @TempDir
    Path folder;

    /** What comes out with jars of these models on the thread's class path; each model has as many trees as its name has letters. */
    private <T> T with(Supplier<T> work, String... names) throws IOException {
        URL[] urls = new URL[names.length];
        for (int i = 0; i < names.length; i++) {
            int trees = names[i].length();
            byte[] jar = Made.jar(names[i], Made.sample(s -> s.trees = trees).file(), null);
            urls[i] = Files.write(folder.resolve(names[i] + ".jar"), jar).toUri().toURL();
        }
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (URLClassLoader loader = new URLClassLoader(urls, before)) {
            thread.setContextClassLoader(loader);
            return work.get();
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    @Test
    void theOnlyModelIsFound() throws IOException {
        assertEquals(5, with(Model::load, "churn").trees());
    }

    @Test
    void oneOfSeveralIsTakenByName() throws IOException {
        assertEquals(4, with(() -> Model.load("risk"), "churn", "risk").trees());
        assertEquals("there are several models on the class path; name one of [churn, risk]",
                assertThrows(ModelException.class, () -> with(Model::load, "churn", "risk")).getMessage());
        assertEquals("there is no model \"fraud\" on the class path; there is [churn, risk]",
                assertThrows(ModelException.class, () -> with(() -> Model.load("fraud"), "churn", "risk")).getMessage());
    }

    @Test
    void theModelOfTheRuntimesOwnPackageComesFirst() throws IOException {
        String own = Model.class.getPackageName();
        assertEquals(own.length(), with(Model::load, "churn", own).trees());
    }

    @Test
    void noModelIsSaidSo() throws IOException {
        assertEquals("there is no model on the class path", assertThrows(ModelException.class, Model::load).getMessage());
        assertEquals("there is no model \"churn\" on the class path; there is []",
                assertThrows(ModelException.class, () -> Model.load("churn")).getMessage());
    }

    @Test
    void aJarHoldsOneModel() {
        String path = "META-INF/mlconvert/%s/model.forest";
        byte[] two = Made.zip(Map.of(String.format(path, "a"), Made.churn(), String.format(path, "b"), Made.churn()));
        assertEquals("the model is broken: the jar holds several", assertThrows(BrokenModelException.class, () -> Model.load(two)).getMessage());
        byte[] none = Made.zip(Map.of("META-INF/MANIFEST.MF", new byte[0]));
        assertEquals("the model is broken: the jar holds none", assertThrows(BrokenModelException.class, () -> Model.load(none)).getMessage());
    }
}
