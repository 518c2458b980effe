throw new Error("the entry throws");
