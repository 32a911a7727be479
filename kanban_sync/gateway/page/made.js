// Makes an element. Text stays text, whatever a task's words look like.
export function made(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

// The same for words of a task: they run in the direction of their own language, and turn nothing
// around that stands beside them.
export function worded(tag, text, className) {
  const element = made(tag, text, className);
  element.dir = 'auto';
  return element;
}
