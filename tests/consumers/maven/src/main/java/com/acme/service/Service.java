package com.acme.service;

import com.acme.churn.Model;
import com.acme.churn.ModelHolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A service that asks a model: each row of a CSV file is a request, with its values by name. */
public final class Service {
    private final ModelHolder churn = new ModelHolder(Model.load());

    /** The margin and the probability of the second class. */
    double[] answer(Map<String, Object> request) {
        Model model = churn.get();
        double[] row = model.row(request);
        return new double[] {model.margin(row, new double[1])[0], model.predict(row)};
    }

    public static void main(String[] args) throws IOException {
        Service service = new Service();
        List<String> lines = Files.readAllLines(Path.of(args[0]));
        String[] names = lines.get(0).split(",");
        for (String line : lines.subList(1, lines.size())) {
            String[] cells = line.split(",", -1);
            Map<String, Object> request = new HashMap<>();
            for (int i = 0; i < names.length; i++) {
                request.put(names[i], value(names[i], cells[i]));
            }
            double[] answer = service.answer(request);
            System.out.println(answer[0] + "," + answer[1]);
        }
    }

    private static Object value(String name, String cell) {
        if (cell.isEmpty()) {
            return null;
        }
        return name.equals("city") ? cell : name.equals("vip") ? (Object) cell.equals("True") : Double.valueOf(cell);
    }
}
