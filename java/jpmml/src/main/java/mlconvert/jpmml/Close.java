package mlconvert.jpmml;

import com.google.gson.JsonObject;

/** Closes the model {@code subject}. */
final class Close implements Command {
    private final Subjects subjects;

    Close(Subjects subjects) {
        this.subjects = subjects;
    }

    @Override
    public JsonObject run(JsonObject request) throws Exception {
        subjects.remove(request.get("subject").getAsInt());
        return new JsonObject();
    }
}
