package mlconvert.jpmml;

import com.google.gson.JsonObject;

/** One thing that {@link Serve} can be asked to do. */
@FunctionalInterface
public interface Command {
    /**
     * Does it.
     *
     * @param request the fields of the request, which are those that the command's class documents
     * @return the fields of the answer
     * @throws Exception for what cannot be done: its class and message are the reason that the user gets
     */
    JsonObject run(JsonObject request) throws Exception;
}
