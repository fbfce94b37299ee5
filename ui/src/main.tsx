import { render } from "preact";
import { ReviewPage } from "./pages/review/Page.tsx";
import { Page } from "./pages/timeline/Page.tsx";
import "./style.css";
import "./pages/review/style.css";

const root = document.getElementById("page");
if (!root) throw new Error("index.html has no #page");
root.replaceChildren();
render(location.pathname.startsWith("/review") ? <ReviewPage /> : <Page />, root);
