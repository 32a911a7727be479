"""What people call a status in their files: words of several languages, with emoji around them."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from kanban_sync.core.model import Status, status_of_word
from kanban_sync.sources.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORDS = {
    Status.BACKLOG: """
        icebox; ideas; someday; later; future; parked; on hold; parking lot; wishlist;
        inbox; posteingang; ideen; später; idées; plus tard; más tarde; pendiente de definir;
        保留; 待办池
    """,
    Status.TODO: """
        to do; todos; ready; next; up next; upcoming; queued; new; selected; planned; this week;
        today; tomorrow; this month; this sprint; to start; heute; diese woche; zu erledigen;
        offen; zu tun; geplant; als nächstes; à faire; a faire; ensuite; por hacer; pendiente;
        pendientes; a fazer; pendente; da fare; te doen; 待办; 待處理; 待处理; 未着手; 未対応;
        할 일; 대기; сделать; к выполнению; do zrobienia
    """,
    Status.IN_PROGRESS: """
        now; in work; in development; wip; working; working on; active; ongoing; current; underway;
        in arbeit; in bearbeitung; läuft; en cours; en curso; en progreso; haciendo; em andamento;
        fazendo; in corso; bezig; 进行中; 進行中; 作業中; 対応中; 진행 중; 진행중; в работе; w toku
    """,
    Status.BLOCKED: """
        waiting; waiting for; waiting on; stuck; wartend;
        blockiert; wartet; bloqué; en attente; bloqueado; bloqueada; bloccato;
        阻塞; 被阻塞; ブロック中; 차단됨; заблокировано
    """,
    Status.REVIEW: """
        in review; code review; reviewing; qa; in qa; testing; in testing; to review; verify;
        prüfung; in prüfung; en revue; revue; en revisión; revisión; em revisão; revisão;
        in revisione; 审核中; 評審中; 评审中; レビュー; レビュー中; レビュー待ち; 검토; 검토 중;
        на проверке
    """,
    Status.DONE: """
        finished; closed; shipped; deployed; delivered; released; merged; implemented; fixed;
        completed tasks; complete; fertig; erledigt; abgeschlossen; terminé; terminés; termine;
        terminée; terminées; fait;
        faits; hecho; hechos; completado; completada; completadas; completados; terminado;
        concluído; concluída; concluídos; feito; fatto; completato; klaar; gereed; 已完成; 完成;
        完了; 完了済み; 済; 완료; 완료됨; готово; сделано; выполнено; gotowe; zrobione
    """,
    Status.CANCELLED: """
        dropped; rejected; abandoned; wontfix; won't do; won't fix; obsolete; abgebrochen;
        verworfen; annulé; abandonné; cancelado; descartado; annullato; 已取消; 取消; 中止; 취소
    """,
    Status.FAILED: "fehlgeschlagen; échoué; fallido; falhou; 失败; 失敗; 실패",
}
_STATUS_OF = {word.strip(): status for status, words in _WORDS.items() for word in words.split(";")}
_TICKS = "✅✓✔☑"
_CLOSING = (")", "）", "]", "】")  # noqa: RUF001
_REMARK = pattern(r"[(（\[【][^()（）\[\]【】]{0,80}+[)）\]】]\s*$")  # noqa: RUF001
_SAYS_MORE = pattern(r"[0-9(（\[【]")  # noqa: RUF001
_THINGS = pattern(r"(?i:^(?:task|item)s?\s++|\s++(?:task|item|work)s?$)")
_AROUND = pattern(r"^[^\w]+|[^\w]+$")

# A file has headings named after these; the rest are words that phases of work have as well.
CORE = frozenset({Status.BACKLOG, Status.TODO, Status.IN_PROGRESS, Status.DONE})

LONGEST = 60
"""Characters of the longest text that may be a status."""


# The same few words return in row after row.
@lru_cache(maxsize=1024)
def status_in(text: str) -> Status | None:
    """Return the status that a word of a file stands for, or None for an unknown one.

    ``🚧 In Progress (2)``, ``**DONE**`` and a lone ``✅`` are understood.
    """
    if len(text) > LONGEST:
        return None
    alone = text.replace("\ufe0f", " ").strip()
    if alone and all(char in _TICKS or char.isspace() for char in alone):
        return Status.DONE
    bare = _REMARK.sub("", text) if text.rstrip().endswith(_CLOSING) else text
    plain = _AROUND.sub("", bare).replace("_", " ").replace("-", " ")
    plain = " ".join(plain.lower().split())
    return status_of_word(plain) or _STATUS_OF.get(plain)


def explains(text: str) -> bool:
    """Tell whether words say what a mark means: a status, and maybe something about it."""
    bare = text.lstrip(" =:—–-→*_`")  # noqa: RUF001
    for sign in ("=", ":", "—", "–", "(", ",", ";", "/", "→", " - "):  # noqa: RUF001
        bare = bare.partition(sign)[0]
    return status_in(_THINGS.sub("", bare.strip(" *_`."))) is not None


def says_more(text: str) -> bool:
    """Tell whether a text says more than a status: a number, or something in brackets."""
    return _SAYS_MORE.search(text) is not None


def word_again(before: str | None, status: Status) -> str:
    """Return the word for a status that stood in a file before; '' if that was for another one."""
    return before if before and status_in(before) is status else ""


def word_for(status: Status, used: Iterable[str], gap: str) -> str:
    """Return what to call a status in a file: as the file does, else our word in its manner.

    Args:
        status: What is to be said.
        used: The words that the file uses, for whichever statuses.
        gap: What stands between two words where the file does not show.
    """
    # A word with a remark ("done (May 5)") says more than the status.
    words = [word for word in used if status_in(word) and not _SAYS_MORE.search(word)]
    same = Counter(word for word in words if status_in(word) is status)
    if same:
        return same.most_common(1)[0][0]
    gaps = [char for word in words for char in word if char in "-_ "]
    own = status.value.replace("_", gaps[0] if gaps else gap)
    manner = next((word for word in words if word[:1].isalpha()), "")
    if manner.isupper():
        return own.upper()
    if manner.istitle():
        return own.title()
    return own.capitalize() if manner[:1].isupper() else own
