import { render } from "preact";
import { Page } from "./pages/timeline/Page.tsx";
import "./style.css";

const root = document.getElementById("page");
if (!root) throw new Error("index.html has no #page");
root.replaceChildren();
render(<Page />, root);
