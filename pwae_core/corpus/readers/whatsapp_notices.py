"""What WhatsApp itself writes: placeholders for media and deleted messages, marks of edited messages.

iPhones mark all of these with U+200E, in any language. Android phones put media in angle brackets; for everything else
the sentences of some languages are listed.
"""

from __future__ import annotations

import re

MARKED = re.compile(
    "^\u200e[^\n]*$|"  # a line of its own: a notice, a placeholder, an attachment
    "^[^\n]* • \u200e[^\n]*$|"  # the name and the pages of a document
    "\u200e<[^<>\n]*>|"  # behind the words of a person: an attachment, an edit
    r"\u200e[^\W\d_]+(?: [^\W\d_]+){1,3}$",  # a placeholder
    re.M,
)
MEDIA = re.compile(r"<(?=[^<>]*(?:\s|[^\x00-\x7f]))[^<>\n]{5,60}>")
ATTACHED = re.compile(r"^[^\s/]{1,200}\.\w{2,4} \([^()\n]{4,40}\)$", re.M)
EDITED = re.compile(
    r"\s*<(?:This message was edited|Diese Nachricht wurde bearbeitet|Se editó este mensaje|Mensagem editada|"
    r"Ce message a été modifié|Questo messaggio è stato modificato|Dit bericht is bewerkt|Сообщение изменено|"
    r"Данное сообщение изменено|此消息已编辑|此訊息已編輯)\.?>\s*$"
)
SENTENCES = {
    "null",
    "this message was deleted",
    "you deleted this message",
    "missed voice call",
    "missed video call",
    "waiting for this message. this may take a while",
    "diese nachricht wurde gelöscht",
    "du hast diese nachricht gelöscht",
    "se eliminó este mensaje",
    "eliminaste este mensaje",
    "este mensaje fue eliminado",
    "ce message a été supprimé",
    "vous avez supprimé ce message",
    "mensagem apagada",
    "esta mensagem foi apagada",
    "você apagou esta mensagem",
    "questo messaggio è stato eliminato",
    "hai eliminato questo messaggio",
    "dit bericht is verwijderd",
    "je hebt dit bericht verwijderd",
    "u hebt dit bericht verwijderd",
    "это сообщение удалено",
    "данное сообщение удалено",
    "вы удалили это сообщение",
    "вы удалили данное сообщение",
    "bu mesaj silindi",
    "pesan ini telah dihapus",
    "anda telah menghapus pesan ini",
    "此消息已删除",
    "你已删除此消息",
    "此訊息已刪除",
    "您已刪除此訊息",
    "このメッセージは削除されました",
    "이 메시지는 삭제되었습니다",
}


def spoken(text: str) -> str:
    """The part of a message that a person wrote; empty if all of it is WhatsApp's."""
    text = EDITED.sub("", ATTACHED.sub("", MARKED.sub("", text))).strip()
    return "" if MEDIA.fullmatch(text) or text.casefold().rstrip(".!。") in SENTENCES else text
