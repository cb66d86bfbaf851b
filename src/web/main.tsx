import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./style.css";
import { createRoot } from "react-dom/client";
import { takeTokenFromAddress } from "./access/token.js";
import { Playground } from "./playground.js";

takeTokenFromAddress();

const root = document.getElementById("root");
if (root === null) throw new Error("index.html must have an element with the id root.");
createRoot(root).render(<Playground />);
