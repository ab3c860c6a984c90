package mlconvert.jpmml;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.BufferedOutputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.dmg.pmml.Extension;
import org.dmg.pmml.PMML;
import org.jpmml.model.metro.MetroJAXBSerializer;

/** PMML documents as files. */
final class Documents {
    private Documents() {
    }

    static void write(PMML pmml, Path file) throws Exception {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
            new MetroJAXBSerializer().serializePretty(pmml, out);
        }
    }

    /** Writes what a command has made to the request's {@code out}, with the facts of its {@code header} as extensions of ours. */
    static void write(PMML pmml, JsonObject request) throws Exception {
        for (Map.Entry<String, JsonElement> fact : request.getAsJsonObject("header").entrySet()) {
            pmml.requireHeader().addExtensions(
                    new Extension().setExtender("mlconvert").setName(fact.getKey()).setValue(fact.getValue().getAsString()));
        }
        write(pmml, Path.of(request.get("out").getAsString()));
    }
}
