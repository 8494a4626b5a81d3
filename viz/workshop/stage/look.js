// Colours and type. Town colours say which town it is and nothing else; hardship is told by darkness and size.
// Change this file, and the same names in stage.css, to colour the page otherwise.

export const LOOK = {
  paper: "#FBF8F3",
  card: "#FFFFFF",
  ink: "#1D2733",
  muted: "#56616D",
  rule: "#E4DDD2",
  grid: "#E7E1D7",
  place: "#F6F2EA",
  shock: "#F5B700",
  crisis: "#5E0D47",
  gap: "#8A94A0",
  towns: [
    { ink: "#0B5A9C", tint: "#E6EFF8" },
    { ink: "#B34A00", tint: "#FBEDE1" },
  ],
  // coping, strained, struggling: from light to dark, from small to large
  strain: ["#B4BBC4", "#98609F", "#5E0D47"],
  strainSize: [0.86, 1, 1.22],
  // who paid: dark to light, each with a pattern of its own
  payers: { funders: "#2E4057", partners: "#6E8B7A", staff: "#C9B27C", residents: "#5E0D47" },
};

export const FONT = '"Figtree", "Segoe UI", system-ui, sans-serif';
export const PAYERS = ["funders", "partners", "staff", "residents"];
export const FEELINGS = ["coping", "strained", "struggling"];

export function font(pixels, weight = 400) {
  return `${weight} ${pixels}px ${FONT}`;
}

// A byte of strain (0 = wellbeing 10, 255 = wellbeing 0): coping from 7 up, struggling from 4 down.
export function feelingOf(strain) {
  return strain <= 76 ? 0 : strain < 153 ? 1 : 2;
}
