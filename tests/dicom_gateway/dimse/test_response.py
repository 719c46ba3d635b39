"""The C-STORE response, read back by pynetdicom's own decoder."""

from __future__ import annotations

import pytest
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu import P_DATA_TF

from dicom_gateway.dimse.response import store_response


@pytest.mark.parametrize("instance", ["1.2.3", "1.2.34"])
@pytest.mark.parametrize("status", [0x0000, 0xA700, 0xC000])
def test_a_response_says_what_it_answers_and_how(instance: str, status: int) -> None:
    pdu = P_DATA_TF()
    pdu.decode(store_response(5, 77, status, sop_class="1.2.840", sop_instance=instance))
    message = DIMSEMessage()
    message.decode_msg(pdu.to_primitive())
    answer = message.message_to_primitive()
    assert isinstance(answer, C_STORE)
    assert message.context_id == 5
    assert (answer.MessageIDBeingRespondedTo, answer.Status) == (77, status)
    assert (answer.AffectedSOPClassUID, answer.AffectedSOPInstanceUID) == ("1.2.840", instance)
    assert answer.is_valid_response
